/** Entry for workerd (Cloudflare Workers), which hands over wasm files compiled and forbids compiling them. */

import { setModuleSource } from "./instance.js";
import module from "../wasm/hallpass.wasm";

setModuleSource(() => module);

export * from "./index.js";
