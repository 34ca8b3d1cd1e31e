/** Two hosts of one site over TLS: the issuer's, and a sibling whose pages set any cookies that they like. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { issuerFor, temporaryFolder } from "./issuer.js";

const PAGE = "<!doctype html><title>page</title>";

/** What Chromium must be told to find both hosts on this machine. */
export const CHROMIUM_ARGS = ["--host-resolver-rules=MAP *.example.test 127.0.0.1"];

/**
 * Starts both with an issuer on the store in `folder`. `own` and `sibling` are their URLs; `plant(lines)` says which
 * `Set-Cookie` the sibling's page sends, each character a byte; `received()` is the last header `Cookie` that the issuer was sent.
 */
export async function startSiblingHosts(test, folder) {
  let planted = [];
  let received = "";
  let issuer;
  const server = createServer(certificate(temporaryFolder(test)), (asked, answer) => {
    const { method, url: path, headers } = asked;
    if (headers.host.startsWith("sibling.")) return void answer.socket.end(rawAnswer(planted), "latin1");
    if (path === "/") return void answer.setHeader("content-type", "text/html").end(PAGE);
    received = headers.cookie ?? "";
    const on = request({ host: "127.0.0.1", port: issuer.port, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    on.on("error", () => answer.destroy());
    asked.pipe(on);
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
function rawAnswer(cookies) {
  const lines = cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join("");
  return `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\nConnection: close\r\n${lines}\r\n${PAGE}`;
}

function certificate(folder) {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...ec, "-keyout", key, "-out", cert, "-subj", "/CN=example.test", "-days", "2"], { stdio: "pipe" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
