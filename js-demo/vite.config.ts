/** How the page is built: plain files that a strict Content-Security-Policy lets pass, nothing inlined. */

import { defineConfig, type Plugin } from "vite";
import { HEADERS, KEPT_FOR_EVER } from "./headers.js";
import { still } from "./page/texts.js";

/** Puts the texts of texts.ts in the place of `{{name}}` in index.html; a name that is none ends the build. */
const texts: Plugin = {
  name: "texts",
  transformIndexHtml: (html) => html.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const text = (still as Record<string, string>)[name];
    if (text === undefined) throw new Error(`texts.ts has no \`${name}\``);
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  }),
};

/** Cloudflare reads the headers of static files from a file (https://developers.cloudflare.com/workers/static-assets/headers/). */
const headers: Plugin = {
  name: "headers",
  generateBundle() {
    const lines = (headers: Record<string, string>) => Object.entries(headers).map(([name, value]) => `  ${name}: ${value}\n`).join("");
    const source = `/*\n${lines(HEADERS)}/assets/*\n${lines({ "cache-control": KEPT_FOR_EVER })}`;
    this.emitFile({ type: "asset", fileName: "_headers", source });
  },
};

export default defineConfig({
  root: "page",
  plugins: [texts, headers],
  build: {
    outDir: "../dist/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
