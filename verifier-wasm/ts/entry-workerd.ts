/** Entry for workerd (Cloudflare Workers), which imports wasm files as compiled modules and forbids compilation at run time. */

import { setModuleSource } from "./instance.js";
import module from "../wasm/hallpass.wasm";

setModuleSource(() => module);

export * from "./index.js";
