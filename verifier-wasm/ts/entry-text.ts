/** Entry for browsers, bundlers, Deno, Bun and edge runtimes: the module is text, so no bundler needs a setting for it. */

import { setModuleSource } from "./instance.js";
import { bytesOf } from "./module-text.js";
import base64 from "../wasm/hallpass.base64.js";

setModuleSource(() => new WebAssembly.Module(bytesOf(base64)));

export * from "./index.js";
