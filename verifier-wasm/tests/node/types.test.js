/** The packed types: correct code compiles, and incorrect code does not (`@ts-expect-error`). */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { packPackage } from "../../../tests/support/packed.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const tsc = join(root, "node_modules/.bin/tsc");
const packed = packPackage();
after(() => packed.remove());

/** The libraries that the tests import. */
const OTHERS = ["fastify", "hono", "express", "express4", "@types/express", "@types/express4", "@types/node", "zod", "valibot", "arktype"];
for (const name of OTHERS) {
  const link = join(packed.folder, "node_modules", name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(root, "node_modules", name), link);
}
for (const file of ["assert", "core", "page", "schemas", "frameworks", "react"]) {
  copyFileSync(new URL(`../types/${file}.ts`, import.meta.url), join(packed.folder, `${file}.ts`));
}
writeFileSync(join(packed.folder, "package.json"), '{ "type": "module" }');

const RESOLUTIONS = { nodenext: { module: "nodenext" }, bundler: { module: "preserve", moduleResolution: "bundler" } };
const BARE = { lib: ["ES2022"], types: [] };
const PAGE = { lib: ["ES2022", "DOM"], types: [] };
// The libraries' own types are not checked, and need Node's.
const WITH_LIBRARIES = { lib: ["ES2022", "DOM", "DOM.Iterable"], types: ["node"], skipLibCheck: true };

const CASES = [
  ["without a page's types", ["core"], BARE],
  ["without a page's types, and exact optional properties", ["core"], { ...BARE, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }],
  ["with a page's types", ["core", "page"], PAGE],
  ["with Node's types", ["core", "page"], { lib: ["ES2022"], types: ["node"] }],
  ["a React component's session, without React's types", ["react"], PAGE],
  ["schemas by Zod, Valibot and ArkType", ["schemas"], WITH_LIBRARIES],
  ["Hono, Express and Fastify", ["frameworks"], WITH_LIBRARIES],
];

for (const [name, files, options] of CASES) {
  for (const [resolution, how] of Object.entries(RESOLUTIONS)) {
    test(`${name}, resolved by ${resolution}`, () => {
      assert.equal(compile(files, { target: "ES2022", strict: true, noEmit: true, ...how, ...options }), "");
    });
  }
}

test("a type error is reported, so that the tests above can fail", () => {
  writeFileSync(join(packed.folder, "wrong.ts"), 'import { decode } from "hallpass";\ndecode(7);\nexport const x: string = decode("").claims.exp;\n');
  const output = compile(["wrong"], { target: "ES2022", strict: true, noEmit: true, ...RESOLUTIONS.nodenext, ...BARE });
  assert.match(output, /wrong\.ts\(2,8\).*number/);
  assert.match(output, /wrong\.ts\(3,14\)/);
});

test("every public name has a doc comment with an example", () => {
  const types = (file) => readFileSync(join(packed.folder, `node_modules/hallpass/dist/${file}.d.ts`), "utf8");
  const described = (file) => [...types(file).matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\n *(?:export (?:declare )?(?:const |type |interface |function )|readonly )(\w+)/g)];
  const names = [...types("index").matchAll(/\{([^}]*)\}/g)].flatMap(([, list]) => list.split(",").map((name) => name.replace(/^\s*type /, "").trim()));
  const options = ["issuer", "jwks", "secret", "discovery", "allowInsecureJwks", "audience", "leeway", "maxTokenAge", "maxTokenBytes", "requiredClaims", "clientId", "authorizedParties", "claimValues", "typ", "schema", "cache", "now", "fetch",
    "maxStale", "waitUntil", "snapshot", "size", "cookie", "optional", "onRefusal", "authenticate", "useSession"];
  const files = ["claims", "claims-text", "clock", "codes", "cookies", "error", "options", "schema", "token", "verifier", "issuers", "bearer", "hono", "express", "fastify", "react"];
  const shown = new Set(files.flatMap(described).filter(([, comment]) => comment.includes("@example")).map(([, , name]) => name));
  assert.ok(names.length > 20);
  assert.deepEqual([...names, ...options].filter((name) => name !== "" && !shown.has(name)), []);
});

/** The output of the compiler for these files. */
function compile(files, compilerOptions) {
  const config = join(packed.folder, `tsconfig.${files.join("-")}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, files: files.map((file) => `${file}.ts`) }));
  const { stdout, stderr } = spawnSync(tsc, ["--project", config, "--pretty", "false"], { cwd: packed.folder, encoding: "utf8", shell: process.platform === "win32" });
  return stdout + stderr;
}
