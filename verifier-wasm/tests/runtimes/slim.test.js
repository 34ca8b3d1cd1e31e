/** `hallpass/slim`: the caller supplies the module in any form, and the bundle does not contain it. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { EdgeRuntime } from "edge-runtime";
import { build } from "esbuild";
import { packPackage } from "../../../tests/support/packed.js";

const packed = packPackage();
after(() => packed.remove());

/** The JSON output of a script that runs with the installed package. */
function printed(type, script) {
  const args = [`--input-type=${type}`, "--no-experimental-require-module", "--eval", script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: packed.folder, encoding: "utf8" }));
}

const SCRIPT = `
  const bytes = readFileSync(require.resolve("hallpass/hallpass.wasm"));
  const codeOf = (act) => { try { act(); return "done"; } catch (error) { return error.code; } };
  const read = () => decode("e30.e30.AQ");
  const answers = [codeOf(read), codeOf(() => provideModule("hallpass.wasm")), codeOf(() => provideModule())];
  provideModule(FORM);
  console.log(JSON.stringify([...answers, codeOf(read), createVerifier === undefined]));
`;
const EXPECTED = ["ERR_WASM_MISSING", "ERR_OPTIONS_INVALID", "ERR_OPTIONS_INVALID", "done", false];

const FORMS = {
  "a compiled module": "new WebAssembly.Module(bytes)",
  "a Buffer": "bytes",
  "bytes in the middle of a larger buffer": "new Uint8Array([0, ...bytes, 0]).subarray(1, -1)",
  "an ArrayBuffer": "Uint8Array.from(bytes).buffer",
};

for (const [name, form] of Object.entries(FORMS)) {
  test(`the package works only after the module is supplied, as ${name}`, () => {
    const script = SCRIPT.replace("FORM", form);
    const imports = `import { createRequire } from "node:module"; import { readFileSync } from "node:fs";
      import { createVerifier, decode, provideModule } from "hallpass/slim"; const require = createRequire("${packed.folder}/x.js");`;
    assert.deepEqual(printed("module", imports + script), EXPECTED);
    const requires = `const { readFileSync } = require("node:fs"); const { createVerifier, decode, provideModule } = require("hallpass/slim");`;
    assert.deepEqual(printed("commonjs", requires + script), EXPECTED);
  });
}

test("`hallpass` and `hallpass/slim` share their errors and their instance", () => {
  const script = `import * as whole from "hallpass"; import * as slim from "hallpass/slim";
    console.log(JSON.stringify([whole.HallpassError === slim.HallpassError, slim.decode("e30.e30.AQ").claims]));`;
  assert.deepEqual(printed("module", script), [true, {}]);
});

test("an edge runtime accepts a module that was compiled in another realm", async () => {
  const { bundle } = await bundleSlim(`
    import { decode, provideModule } from "hallpass/slim";
    addEventListener("fetch", (event) => {
      provideModule(HALLPASS_MODULE);
      event.respondWith(Response.json(decode("e30.e30.AQ")));
    });
  `);
  const module = new WebAssembly.Module(readFileSync(join(packed.folder, "node_modules/hallpass/wasm/hallpass.wasm")));
  const runtime = new EdgeRuntime({ initialCode: bundle, extend: (context) => Object.assign(context, { HALLPASS_MODULE: module }) });
  const response = await runtime.dispatchFetch("https://edge.example/");
  assert.deepEqual(await response.json(), { header: {}, claims: {} });
});

test("a bundle of `hallpass/slim` contains the module neither as text nor as a file", async () => {
  const { bundle, files } = await bundleSlim('export * from "hallpass/slim";');
  assert.equal(files, 1);
  assert.ok(bundle.length < 40_000, `${bundle.length} characters`);
});

async function bundleSlim(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: packed.folder }, bundle: true, minify: true, write: false, format: "esm",
  });
  return { bundle: outputFiles[0].text, files: outputFiles.length };
}
