/** The error of a WebAssembly module that does not start: it names the feature that the engine lacks or forbids. */

import { HallpassError } from "./error.js";

/** Converts what the engine threw. A stack overflow of the caller is returned unchanged: a later call can succeed. */
export function startFailure(cause: unknown): unknown {
  const why = cause instanceof Error ? cause.message : "unknown reason";
  if (isStackOverflow(why)) return cause;
  return new HallpassError("ERR_WASM_BLOCKED", `the WebAssembly module could not be started: ${why}. ${remedyFor(why)}`, { cause });
}

/** By message: the class of the error is RangeError in V8 and JavaScriptCore, as of a module above a size limit. */
function isStackOverflow(message: string): boolean {
  return /^(?:Maximum call stack size exceeded|too much recursion)/.test(message);
}

function remedyFor(message: string): string {
  if (typeof WebAssembly === "undefined") return "This engine has no WebAssembly, or a setting such as Lockdown Mode disables it";
  // Chromium before 115, and Electron and Android WebViews made from it.
  if (/main thread/i.test(message)) {
    return "Before version 115, Chromium starts at most 4 KB of WebAssembly synchronously on the main thread: call this package in a worker";
  }
  return "In a page, allow 'wasm-unsafe-eval' in the script-src of its Content-Security-Policy; elsewhere, provide a compiled module (hallpass/slim)";
}
