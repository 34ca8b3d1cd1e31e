/** The one wasm instance of the program: created at the first call, not at import, so that an import costs nothing. */

import * as glue from "../wasm/hallpass.js";
import { errorFromWasm, HallpassError } from "./error.js";
import { startFailure } from "./start-failure.js";
import { TokenMemory } from "./token-memory.js";

let moduleSource: (() => WebAssembly.Module) | undefined;
let tokenMemory: TokenMemory | undefined;
let discardedInstances = 0;

/** Sets the source of the compiled module; called by each runtime's entry at import, and by `provideModule`. */
export function setModuleSource(source: () => WebAssembly.Module): void {
  moduleSource = source;
}

/** The number of the current instance: objects of an earlier instance must be created again. */
export function instanceNumber(): number {
  return discardedInstances;
}

/** Runs `use` with the wasm exports; it must not call code of the caller. A refusal is thrown as {@link HallpassError}. */
export function inWasm<Result>(use: (exports: typeof glue, memory: TokenMemory) => Result): Result {
  const memory = (tokenMemory ??= start());
  try {
    return use(glue, memory);
  } catch (thrown) {
    if (typeof thrown === "string") throw errorFromWasm(thrown);
    // The call did not finish, most likely because of a stack overflow in the caller: the instance's state is undefined.
    if (tokenMemory === memory) discardedInstances += 1;
    tokenMemory = undefined;
    throw thrown;
  }
}

function start(): TokenMemory {
  if (moduleSource === undefined) {
    throw new HallpassError("ERR_WASM_MISSING", "hallpass/slim has no WebAssembly module: call `provideModule` first");
  }
  try {
    if (discardedInstances > 0) glue.__wbg_reset_state();
    const { memory } = glue.initSync({ module: moduleSource() });
    return new TokenMemory(new glue.Workspace(), memory);
  } catch (cause) {
    throw startFailure(cause);
  }
}
