/** A site whose pages use the session client: the pages and the issuer behind one origin, as cookies want it. */

import { once } from "node:events";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PAGE = `<!doctype html><title>session</title><p id="who"></p><script type="module" src="/page.js"></script>`;

/** A frame without an origin may load the script, too. */
const SCRIPT = { "content-type": "text/javascript", "access-control-allow-origin": "*" };

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Serves a script, bundled, in a page, and passes everything else on to the issuer. `scriptFor(url)` says which, where it is
 * not the site's own, and `mode` which build of React it gets. `refreshes()`
 * counts the renewals that the issuer was asked for, `stop()` ends it.
 */
export async function startSite(issuer, scriptFor = () => join(root, "tests/support/site-page.js"), mode = "production") {
  let script;
  let refreshes = 0;
  const server = createServer((asked, answer) => {
    if (asked.url === "/") return answer.setHeader("content-type", "text/html").end(PAGE);
    if (asked.url === "/page.js") return answer.writeHead(200, SCRIPT).end(script);
    if (asked.url === "/refresh") refreshes += 1;
    const { method, url: path, headers } = asked;
    const on = request({ host: "127.0.0.1", port: issuer.port, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    on.on("error", () => answer.destroy());
    asked.pipe(on);
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
  // The script may be in a folder of its own, and yet finds the packages of this one.
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
