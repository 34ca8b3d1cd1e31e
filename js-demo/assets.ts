/** Serves the built page from workerd's disk service, which knows no content types. On Cloudflare the platform does it. */

import { env } from "cloudflare:workers";

const CONTENT_TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Nothing but the page's own files; 'wasm-unsafe-eval' lets it compile WebAssembly, and does not allow `eval`. */
const HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const path = pathname === "/" ? "/index.html" : pathname;
    const type = CONTENT_TYPES[path.slice(path.lastIndexOf(".") + 1)];
    if (request.method !== "GET" || type === undefined) return notFound();
    const file = await env.FILES.fetch(new URL(path, request.url).href);
    if (file.status !== 200) return notFound();
    // Vite names what lies in `assets` after its content, so that it may be kept for ever.
    const cacheControl = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    return new Response(file.body, { headers: { ...HEADERS, "content-type": type, "cache-control": cacheControl } });
  },
};

function notFound(): Response {
  const headers = { ...HEADERS, "content-type": "text/plain; charset=utf-8" };
  return new Response("There is nothing here.\n", { status: 404, headers });
}
