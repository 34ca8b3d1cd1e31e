/** The package as `npm pack` creates it, in a separate folder: what a user installs, not the source tree. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const shell = process.platform === "win32";

/** Packs and unpacks the package; returns the `tarball`, the `folder` where it is installed, and `remove()`. */
export function packPackage() {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-packed-"));
  const target = join(folder, "node_modules/hallpass");
  mkdirSync(target, { recursive: true });
  const options = { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], shell };
  const output = execFileSync("npm", ["pack", "--silent", "--workspace", "hallpass", "--pack-destination", folder], options);
  const tarball = output.trim().split("\n").at(-1);
  execFileSync("tar", ["-xzf", tarball, "-C", "node_modules/hallpass", "--strip-components=1"], { cwd: folder });
  return { folder, tarball: join(folder, tarball), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Imports the package as Node does. */
export function importPacked({ folder }) {
  const entry = createRequire(join(folder, "importer.js")).resolve("hallpass");
  return import(pathToFileURL(entry).href);
}

/** Imports an internal file of the package. */
export function importPackedFile(packed, path) {
  return import(pathToFileURL(fileOf(packed, path)).href);
}

function fileOf({ folder }, path) {
  return join(folder, "node_modules/hallpass", path);
}

/** Resolves `hallpass`, and `packed:dist/…` for internal files, to the packed package in esbuild. */
export function bundlePacked({ folder }) {
  return {
    name: "packed-hallpass",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^packed:/ }, ({ path }) => ({ path: fileOf({ folder }, path.slice("packed:".length)) }));
      onResolve({ filter: /^hallpass$/ }, ({ path, kind, resolveDir }) =>
        resolveDir === folder ? undefined : resolve(path, { kind, resolveDir: folder }));
    },
  };
}
