/** A site whose pages use the session client: pages and issuer share one origin, as cookies require. */

import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { forward } from "./forward.js";

const PAGE = `<!doctype html><title>session</title><p id="who"></p><script type="module" src="/page.js"></script>`;

/** A frame without an origin may load the script too. */
const SCRIPT = { "content-type": "text/javascript", "access-control-allow-origin": "*" };

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Serves a bundled script in a page, and forwards all other requests to the issuer. `scriptFor(url)` returns another script than
 * the site's own, and `mode` selects the build of React. `refreshes()` is the number of refresh requests; `stop()` ends it.
 */
export async function startSite(issuer, scriptFor = () => join(root, "tests/support/site-page.js"), mode = "production") {
  let script;
  let refreshes = 0;
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === "/") return outgoing.setHeader("content-type", "text/html").end(PAGE);
    if (incoming.url === "/page.js") return outgoing.writeHead(200, SCRIPT).end(script);
    if (incoming.url === "/refresh") refreshes += 1;
    forward(issuer.port, incoming, outgoing);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://localhost:${server.address().port}`;
  script = await bundle(scriptFor(url), mode);
  return {
    url,
    refreshes: () => refreshes,
    stop: () => (server.close(), server.closeAllConnections()),
  };
}

async function bundle(entry, mode) {
  // A script in another folder finds the packages of this repository.
  const { outputFiles } = await build({
    entryPoints: [entry],
    nodePaths: [join(root, "node_modules")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": JSON.stringify(mode) },
    logLevel: "error",
  });
  return outputFiles[0].text;
}
