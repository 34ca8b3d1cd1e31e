/** Entry for Node, Deno and Bun: the wasm module is read from the file beside this one. */

import { readFileSync } from "node:fs";
import { setModuleSource } from "./instance.js";

setModuleSource(() => new WebAssembly.Module(readFileSync(new URL("../wasm/hallpass.wasm", import.meta.url))));

export * from "./index.js";
