/** The one wasm instance of the program: made at the first call, never at import, so that importing costs nothing. */

import * as glue from "../wasm/hallpass.js";
import { errorFromWasm, HallpassError } from "./error.js";
import { TokenMemory } from "./token-memory.js";

/** What helps where a runtime does not let code be compiled. */
const REMEDY =
  "The Content-Security-Policy of a page must allow 'wasm-unsafe-eval' in script-src; where no policy is in the way, hand over a compiled module (hallpass/slim)";

let moduleSource: (() => WebAssembly.Module) | undefined;
let tokenMemory: TokenMemory | undefined;
let discarded = 0;

/** Says where the compiled module comes from; each runtime's entry calls it at its import, and `provideModule` for whoever brings the module. */
export function setModuleSource(source: () => WebAssembly.Module): void {
  moduleSource = source;
}

/** Counts the instances: whoever keeps an object of one must make it anew in the next. */
export function instanceNumber(): number {
  return discarded;
}

/** Runs `use`, which must call nothing of the caller's, with the wasm exports; a refusal is a {@link HallpassError}. */
export function inWasm<Result>(use: (exports: typeof glue, memory: TokenMemory) => Result): Result {
  const memory = (tokenMemory ??= start());
  try {
    return use(glue, memory);
  } catch (thrown) {
    if (typeof thrown === "string") throw errorFromWasm(thrown);
    // The call was left half-way, most likely because the caller's stack was full: what it had begun stays begun.
    if (tokenMemory === memory) discarded += 1;
    tokenMemory = undefined;
    throw thrown;
  }
}

function start(): TokenMemory {
  if (moduleSource === undefined) {
    throw new HallpassError("ERR_WASM_MISSING", "hallpass/slim has no WebAssembly module yet: hand it to `provideModule` first");
  }
  try {
    if (discarded > 0) glue.__wbg_reset_state();
    const { memory } = glue.initSync({ module: moduleSource() });
    return new TokenMemory(new glue.Workspace(), memory);
  } catch (cause) {
    // The caller's stack is full.
    if (cause instanceof RangeError) throw cause;
    const why = cause instanceof Error ? cause.message : "for no known reason";
    throw new HallpassError("ERR_WASM_BLOCKED", `the WebAssembly module could not be started: ${why}. ${REMEDY}`, { cause });
  }
}
