/** The TypeScript examples of the documentation and of the doc comments compile. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { packPackage } from "../../../tests/support/packed.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const packed = packPackage();
after(() => packed.remove());

/** The application of each framework. */
const APPLICATIONS = { hono: 'import("hono").Hono', express: 'import("express").Express', fastify: 'import("fastify").FastifyInstance' };

/** The examples of a text, by its path and their position. */
function examplesIn(path, pattern, clean = (code) => code) {
  const text = readFileSync(join(root, path), "utf8");
  return [...text.matchAll(pattern)].map(([, code], index) => [`${path.replace(/\W/g, "_")}_${index}.ts`, clean(code), path]);
}

const pages = ["verifier-wasm/README.md", ...readdirSync(join(root, "docs/npm")).map((name) => `docs/npm/${name}`)];
const sources = readdirSync(join(root, "verifier-wasm/ts"), { recursive: true }).filter((name) => name.endsWith(".ts")).map((name) => `verifier-wasm/ts/${name}`);
const examples = [
  ...pages.flatMap((path) => examplesIn(path, /^```ts\n(.*?)^```$/gms)),
  ...sources.flatMap((path) => examplesIn(path, /^ *\* ```ts\n(.*?)^ *\* ```$/gms, (code) => code.replace(/^ *\* ?/gm, ""))),
];

/** A module, with the application of the framework that the example is about, and its adapter in that adapter's doc comment. */
function moduleOf(code, path) {
  const framework = Object.keys(APPLICATIONS).find((name) => code.includes(`hallpass/${name}`) || basename(path) === `${name}.ts`);
  if (framework === undefined) return `${code}export {};\n`;
  const adapter = code.includes("import {") ? "" : `import { authenticate } from "hallpass/${framework}";\n`;
  const auth = code.includes("const auth") ? "" : "declare const auth: import(\"hallpass/express\").Authenticate<import(\"hallpass\").VerifiedClaims>;\n";
  return `${adapter}${auth}declare const app: ${APPLICATIONS[framework]};\n${code}export {};\n`;
}

test("every TypeScript example compiles, in strict mode", (t) => {
  for (const name of ["hono", "express", "@types/express", "@types/node", "fastify", "zod"]) {
    const link = join(packed.folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  writeFileSync(join(packed.folder, "package.json"), '{ "type": "module" }');
  copyFileSync(new URL("../types/given.d.ts", import.meta.url), join(packed.folder, "given.d.ts"));
  for (const [name, code, path] of examples) writeFileSync(join(packed.folder, name), moduleOf(code, path));
  const compilerOptions = {
    target: "ES2022", lib: ["ES2022", "DOM", "DOM.Iterable"], types: ["node"], module: "nodenext", strict: true, noEmit: true, skipLibCheck: true,
  };
  writeFileSync(join(packed.folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["given.d.ts", ...examples.map(([name]) => name)] }));
  const options = { cwd: packed.folder, encoding: "utf8", shell: process.platform === "win32" };
  const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin/tsc"), ["--project", ".", "--pretty", "false"], options);
  assert.equal(stdout + stderr, "");
  t.diagnostic(`${examples.length} examples`);
  assert.ok(examples.length > 35);
});
