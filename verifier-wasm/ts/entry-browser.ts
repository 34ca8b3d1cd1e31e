/** Entry for browsers and their bundlers: the wasm module travels as text, so that no bundler needs a setting for it. */

import { setModuleSource } from "./instance.js";
import base64 from "../wasm/hallpass.base64.js";

setModuleSource(() => new WebAssembly.Module(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))));

export * from "./index.js";
