/** How the page is built: plain files that a strict Content-Security-Policy lets pass, nothing inlined. */

import { defineConfig } from "vite";

export default defineConfig({
  root: "page",
  build: {
    outDir: "../dist/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
