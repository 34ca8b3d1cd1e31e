/** Entry for Node: the module as text here too, since a file beside this one would be lost when a server is bundled. */

import { setModuleSource } from "./instance.js";
import base64 from "../wasm/hallpass.base64.js";

setModuleSource(() => new WebAssembly.Module(Buffer.from(base64, "base64")));

export * from "./index.js";
