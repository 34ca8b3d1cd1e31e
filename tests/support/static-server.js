/** A file server for pages. */

import { createServer } from "node:http";
import { createReadStream } from "node:fs";
import { extname, join } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".css": "text/css" };

/** Serves a folder, and pages by their path: `{ "/": { body, headers } }`. Returns its URL and `stop()`. */
export async function serveFolder(folder, pages = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const page = pages[pathname];
    if (page !== undefined) return response.writeHead(200, { "content-type": "text/html", ...page.headers }).end(page.body);
    const file = createReadStream(join(folder, pathname === "/" ? "index.html" : pathname));
    file.on("error", () => response.writeHead(404).end());
    file.on("open", () => response.setHeader("content-type", TYPES[extname(file.path)] ?? "application/octet-stream"));
    file.pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, stop };
}
