/** A token whose signature the runtime's crypto must check. */

import { errorFromWasm, HallpassError } from "./error.js";

/** A valid token: its claims as JSON text, and its validity in seconds since 1970. */
export interface VerifiedToken {
  readonly text: string;
  readonly from: number;
  readonly until: number;
}

/** The signed bytes of a token, and the signature. */
export interface SignedBytes {
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** The result of the wasm module for a token, with its outcome, which counts only if the signature is valid. */
export class PendingToken {
  /** Returns views of the wasm memory, valid until the next call, in which the memory may grow. */
  readonly bytes: () => SignedBytes;
  /** The indexes of the keys of which one must verify the signature. */
  readonly keys: readonly number[];
  readonly #outcome: VerifiedToken | string;

  /** The outcome is a text if the claims are refused. */
  constructor(bytes: () => SignedBytes, keys: readonly number[], outcome: VerifiedToken | string) {
    this.bytes = bytes;
    this.keys = keys;
    this.#outcome = outcome;
  }

  /** The same token with its own bytes, for a check that takes longer than this call. */
  detached(): PendingToken {
    const { signed, signature } = this.bytes();
    const own = { signed: signed.slice(), signature: signature.slice() };
    return new PendingToken(() => own, this.keys, this.#outcome);
  }

  /**
   * The outcome, in the order of all verifiers: the signature before the claims.
   *
   * @throws {@link HallpassError}
   */
  conclude(isSigned: boolean): VerifiedToken {
    if (!isSigned) throw new HallpassError("ERR_SIGNATURE_INVALID", "the signature is invalid");
    if (typeof this.#outcome === "string") throw errorFromWasm(this.#outcome);
    return this.#outcome;
  }
}
