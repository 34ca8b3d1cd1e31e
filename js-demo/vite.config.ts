/** The build of the page: plain files for a strict Content-Security-Policy, nothing inlined. */

import { defineConfig, type Plugin } from "vite";
import { HEADERS, IMMUTABLE } from "./headers.js";
import { still } from "./page/texts.js";

/** Replaces `{{name}}` in index.html by the text of texts.ts; an unknown name fails the build. */
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
    const source = `/*\n${lines(HEADERS)}/assets/*\n${lines({ "cache-control": IMMUTABLE })}`;
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
