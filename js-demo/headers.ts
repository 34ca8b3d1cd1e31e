/** The headers of the page's files: only its own scripts may run. `'wasm-unsafe-eval'` allows WebAssembly, but not `eval`. */

export const HEADERS = {
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

/** For files in `assets`: Vite puts a hash of the content into their names. */
export const IMMUTABLE = "public, max-age=31536000, immutable";
