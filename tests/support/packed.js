/** The package as `npm pack` makes it: what a user gets, in a folder of its own, and not the source tree. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const shell = process.platform === "win32";

/** Packs the package and unpacks it: `tarball`, and `folder`, where it is installed. `remove()` ends it. */
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

/** Imports it as Node does. */
export function importPacked({ folder }) {
  const entry = createRequire(join(folder, "importer.js")).resolve("hallpass");
  return import(pathToFileURL(entry).href);
}

/** Imports a file of it that is no entry: for a test of what the package keeps to itself. */
export function importPackedFile(packed, path) {
  return import(pathToFileURL(fileOf(packed, path)).href);
}

function fileOf({ folder }, path) {
  return join(folder, "node_modules/hallpass", path);
}

/** Lets esbuild find the packed package where a script imports `hallpass`, or a file of it by `packed:dist/…`. */
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
