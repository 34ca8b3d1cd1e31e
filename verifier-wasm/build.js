/** Compiles the package's TypeScript twice: as modules, and as CommonJS for tools without support for modules. */

import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
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
