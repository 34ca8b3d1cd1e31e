/** The headers of the page's files: nothing but its own may run. `'wasm-unsafe-eval'` compiles WebAssembly, and allows no `eval`. */

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

/** Vite names what lies in `assets` after its content, so that it may be kept for ever. */
export const KEPT_FOR_EVER = "public, max-age=31536000, immutable";
