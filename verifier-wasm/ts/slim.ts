/** Entry for programs that supply the wasm module: their bundle does not contain it. */

import { HallpassError } from "./error.js";
import { setModuleSource } from "./instance.js";

/**
 * Supplies the module `hallpass/hallpass.wasm`, compiled, as edge runtimes and bundlers import it, or as bytes. Call it before any
 * other function of this package. The module is started at the first use; before that, a later call replaces an earlier one.
 *
 * @throws {@link HallpassError} `ERR_OPTIONS_INVALID` if `module` is neither.
 * @example
 * ```ts
 * import module from "hallpass/hallpass.wasm"; // Cloudflare Workers; "hallpass/hallpass.wasm?module" in Next.js
 * import { createVerifier, provideModule } from "hallpass/slim";
 *
 * provideModule(module);
 * ```
 * @example
 * ```ts
 * // In a page: serve the file, and compile it off the main thread.
 * provideModule(await WebAssembly.compileStreaming(fetch("/hallpass.wasm")));
 * ```
 */
export function provideModule(module: WebAssembly.Module | ArrayBuffer | Uint8Array<ArrayBuffer>): void {
  switch (kindOf(module)) {
    case "WebAssembly.Module":
      return setModuleSource(() => toThisRealm(module as WebAssembly.Module));
    case "ArrayBuffer":
    case "Uint8Array":
      return setModuleSource(() => new WebAssembly.Module(module as BufferSource));
    default:
      throw new HallpassError("ERR_OPTIONS_INVALID", "`provideModule` takes a WebAssembly.Module, or its bytes as an ArrayBuffer or Uint8Array");
  }
}

/** By name, not by class: a value from another realm, as in edge runtimes, is not an instance of this realm's class. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** Edge runtimes compile a module in another realm, and wasm-bindgen's glue requires this realm's class. */
function toThisRealm(module: WebAssembly.Module): WebAssembly.Module {
  return module instanceof WebAssembly.Module ? module : Object.setPrototypeOf(module, WebAssembly.Module.prototype);
}

export * from "./index.js";
