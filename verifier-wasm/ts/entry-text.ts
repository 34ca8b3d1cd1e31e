/** Entry for Node, browsers, bundlers, Deno, Bun and edge runtimes: the module is text, so no bundler needs a setting for it. */

import { setModuleSource } from "./instance.js";
import { bytesOf } from "./module-text.js";
import text from "../wasm/hallpass.text.js";

setModuleSource(() => new WebAssembly.Module(bytesOf(text)));

export * from "./index.js";
