/** Entry for those who bring the wasm module themselves: what they build holds no copy of it. */

import { HallpassError } from "./error.js";
import { setModuleSource } from "./instance.js";

/**
 * Hands over the module, `hallpass/hallpass.wasm`, before anything else of this package is called: compiled, as edge runtimes and
 * bundlers import it, or its bytes. It is started at the first use; of several, the last one before that is taken.
 *
 * @throws {@link HallpassError} `ERR_OPTIONS_INVALID` if it is neither.
 * @example
 * ```ts
 * import module from "hallpass/hallpass.wasm"; // Cloudflare Workers; "hallpass/hallpass.wasm?module" in Next.js
 * import { createVerifier, provideModule } from "hallpass/slim";
 *
 * provideModule(module);
 * ```
 * @example
 * ```ts
 * // A page that serves the file itself, and would not compile it on its main thread.
 * provideModule(await WebAssembly.compileStreaming(fetch("/hallpass.wasm")));
 * ```
 */
export function provideModule(module: WebAssembly.Module | ArrayBuffer | Uint8Array<ArrayBuffer>): void {
  switch (kindOf(module)) {
    case "WebAssembly.Module":
      return setModuleSource(() => ofThisRealm(module as WebAssembly.Module));
    case "ArrayBuffer":
    case "Uint8Array":
      return setModuleSource(() => new WebAssembly.Module(module as BufferSource));
    default:
      throw new HallpassError("ERR_OPTIONS_INVALID", "`provideModule` takes a WebAssembly.Module, or its bytes as an ArrayBuffer or Uint8Array");
  }
}

/** By its name and not its class: what comes from another realm, as in edge runtimes, is no instance of this one's. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** Edge runtimes compile a module outside of the realm that uses it, and wasm-bindgen's glue asks for this one's class. */
function ofThisRealm(module: WebAssembly.Module): WebAssembly.Module {
  return module instanceof WebAssembly.Module ? module : Object.setPrototypeOf(module, WebAssembly.Module.prototype);
}

export * from "./index.js";
