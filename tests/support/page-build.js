/** The package as a bundler builds it for pages, imported by Node: there WebCrypto checks signatures. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Builds and imports it. */
export async function importPageBuild() {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-page-"));
  const outfile = join(folder, "hallpass.mjs");
  try {
    await build({
      stdin: { contents: 'export * from "hallpass";', resolveDir: root },
      bundle: true, format: "esm", platform: "browser", target: "es2022", outfile,
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
