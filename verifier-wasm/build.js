/** Compiles the package's TypeScript twice: as modules, and as CommonJS for tools without support for modules. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const shell = process.platform === "win32";

// Files of an earlier build would be packed too.
for (const folder of ["dist", "cjs"]) rmSync(new URL(folder, import.meta.url), { recursive: true, force: true });
for (const project of ["tsconfig.json", "tsconfig.commonjs.json"]) {
  execFileSync("tsc", ["--project", project], { cwd: here, stdio: "inherit", shell });
}
// The package's own `type` is "module".
writeFileSync(new URL("cjs/package.json", import.meta.url), '{ "type": "commonjs" }\n');
// A nested package.json must not have `imports`. CommonJS is for Node, so its conditions are known here.
const { imports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
const folder = new URL("cjs/ts/", import.meta.url);
for (const name of readdirSync(folder).filter((name) => /\.(js|d\.ts)$/.test(name))) {
  const file = new URL(name, folder);
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(/"(#[\w-]+)"/g, (_, name) => JSON.stringify(imports[name].node.replace("/dist/", "/"))));
}
