/** Two hosts of one site over TLS: the issuer's, and a sibling whose pages set arbitrary cookies. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { forward } from "./forward.js";
import { issuerFor, temporaryFolder } from "./issuer.js";

const PAGE = "<!doctype html><title>page</title>";

/** Resolves both hosts to this machine. */
export const CHROMIUM_ARGS = ["--host-resolver-rules=MAP *.example.test 127.0.0.1"];

/**
 * Starts both with an issuer on the store in `folder`. `own` and `sibling` are their URLs; `plant(lines)` sets the `Set-Cookie`
 * headers of the sibling's page, each character a byte; `received()` is the last header `Cookie` that the issuer received.
 */
export async function startSiblingHosts(test, folder) {
  let planted = [];
  let received = "";
  let issuer;
  const server = createServer(certificate(temporaryFolder(test)), (incoming, outgoing) => {
    const { url, headers } = incoming;
    if (headers.host.startsWith("sibling.")) return void outgoing.socket.end(rawResponse(planted), "latin1");
    if (url === "/") return void outgoing.setHeader("content-type", "text/html").end(PAGE);
    received = headers.cookie ?? "";
    forward(issuer.port, incoming, outgoing);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  test.after(() => (server.close(), server.closeAllConnections()));
  const urlOf = (host) => `https://${host}.example.test:${server.address().port}`;
  issuer = await issuerFor(test, { args: ["--store", `sled:${folder}`, "--issuer", urlOf("app")] });
  return {
    own: urlOf("app"),
    sibling: urlOf("sibling"),
    issuer,
    plant: (lines) => (planted = lines),
    received: () => received,
  };
}

/** Node's own server refuses to send some of these bytes. */
function rawResponse(cookies) {
  const lines = cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join("");
  return `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\nConnection: close\r\n${lines}\r\n${PAGE}`;
}

function certificate(folder) {
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...ec, "-keyout", key, "-out", cert, "-subj", "/CN=example.test", "-days", "2"], { stdio: "pipe" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
