/** Checks the signatures that the wasm module leaves to the runtime's crypto, with the keys of each wasm verifier. */

import type { Verifier } from "../wasm/hallpass.js";
import { HallpassError } from "./error.js";
import { inWasm } from "./instance.js";
import type { PendingToken } from "./pending-token.js";
import { PublicKey } from "./public-key.js";
import { readKey } from "#sync-crypto";

/** Whether the runtime checks signatures without a promise. */
export const IS_SYNC = readKey !== undefined;

/** Checks signatures, and caches the keys in the form of the runtime's crypto. A refetched key set is a new wasm verifier. */
export class SignatureChecker {
  readonly #keys = new WeakMap<Verifier, PublicKey[]>();

  /** @throws {@link HallpassError} `ERR_ALG_NEEDS_ASYNC` where only WebCrypto can check signatures. */
  isSignedSync(pending: PendingToken, verifier: Verifier): boolean {
    const read = readKey;
    if (read === undefined) {
      throw new HallpassError("ERR_ALG_NEEDS_ASYNC", "WebCrypto verifies this algorithm's signatures asynchronously: use `verify`");
    }
    return pending.keys.some((index) => {
      const key = this.#key(verifier, index);
      return key.isSignerSync(pending.bytes(), read);
    });
  }

  /** The same by WebCrypto. The token must own its bytes. */
  async isSigned(pending: PendingToken, verifier: Verifier): Promise<boolean> {
    // All before the first wait: the wasm verifier may be freed meanwhile.
    const keys = pending.keys.map((index) => this.#key(verifier, index));
    for (const key of keys) if (await key.isSigner(pending.bytes())) return true;
    return false;
  }

  #key(verifier: Verifier, index: number): PublicKey {
    let keys = this.#keys.get(verifier);
    if (keys === undefined) this.#keys.set(verifier, (keys = []));
    return (keys[index] ??= new PublicKey(inWasm(() => verifier.externalKey(index)!)));
  }
}
