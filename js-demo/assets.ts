/** Serves the built page from workerd's disk service, which sets no content types. On Cloudflare, the platform serves it. */

import { env } from "cloudflare:workers";
import { HEADERS, IMMUTABLE } from "./headers.js";

const CONTENT_TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const path = pathname === "/" ? "/index.html" : pathname;
    const type = CONTENT_TYPES[path.slice(path.lastIndexOf(".") + 1)];
    if (request.method !== "GET" || type === undefined) return notFound();
    const file = await env.FILES.fetch(new URL(path, request.url).href);
    if (file.status !== 200) return notFound();
    const cacheControl = path.startsWith("/assets/") ? IMMUTABLE : "no-cache";
    return new Response(file.body, { headers: { ...HEADERS, "content-type": type, "cache-control": cacheControl } });
  },
};

function notFound(): Response {
  const headers = { ...HEADERS, "content-type": "text/plain; charset=utf-8" };
  return new Response("Not found.\n", { status: 404, headers });
}
