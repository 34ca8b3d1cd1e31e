/** A site whose pages use the session client: the pages and the issuer behind one origin, as cookies want it. */

import { once } from "node:events";
import { createServer, request } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PAGE = `<!doctype html><title>session</title><p id="who"></p><script type="module" src="/page.js"></script>`;

/**
 * Serves `script`, bundled, in a page, and passes everything else on to the issuer. `refreshes()` counts the renewals that
 * the issuer was asked for, `stop()` ends it.
 */
export async function startSite(issuer, script = new URL("site-page.js", import.meta.url)) {
  const { outputFiles } = await build({ entryPoints: [fileURLToPath(script)], bundle: true, write: false, format: "esm", target: "es2022", jsx: "automatic" });
  let refreshes = 0;
  const server = createServer((asked, answer) => {
    if (asked.url === "/") return answer.setHeader("content-type", "text/html").end(PAGE);
    if (asked.url === "/page.js") return answer.setHeader("content-type", "text/javascript").end(outputFiles[0].text);
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
  return {
    url: `http://localhost:${server.address().port}`,
    refreshes: () => refreshes,
    stop: () => (server.close(), server.closeAllConnections()),
  };
}
