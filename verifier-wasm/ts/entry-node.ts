/** Entry for Node: the module is text here too, because a bundler would not copy a separate file. */

import { setModuleSource } from "./instance.js";
import base64 from "../wasm/hallpass.base64.js";

setModuleSource(() => new WebAssembly.Module(Buffer.from(base64, "base64")));

export * from "./index.js";
