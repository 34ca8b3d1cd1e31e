/** Entry for CommonJS-only tools (Jest, Node before 20.19): reads the module from its file. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setModuleSource } from "./instance.js";

setModuleSource(() => new WebAssembly.Module(readFileSync(join(__dirname, "../../wasm/hallpass.wasm"))));

export * from "./index.js";
