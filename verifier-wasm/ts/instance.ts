/** The one wasm instance of the program: made at the first call, never at import, so that importing costs nothing. */

import * as glue from "../wasm/hallpass.js";
import { HallpassError } from "./error.js";
import { TokenMemory } from "./token-memory.js";

let moduleSource: (() => WebAssembly.Module) | undefined;
let tokenMemory: TokenMemory | undefined;

/** Says where the compiled module comes from; each runtime's entry calls it once. */
export function setModuleSource(source: () => WebAssembly.Module): void {
  moduleSource = source;
}

/** Runs `use` with the wasm exports and turns what they throw into a {@link HallpassError}. */
export function inWasm<Result>(use: (exports: typeof glue, memory: TokenMemory) => Result): Result {
  const memory = (tokenMemory ??= start());
  try {
    return use(glue, memory);
  } catch (thrown) {
    throw HallpassError.fromWasm(thrown);
  }
}

function start(): TokenMemory {
  try {
    const { memory } = glue.initSync({ module: moduleSource!() });
    return new TokenMemory(new glue.Workspace(), memory);
  } catch (cause) {
    throw new HallpassError(
      "ERR_WASM_BLOCKED",
      "the WebAssembly module could not be started; a Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src",
      { cause },
    );
  }
}
