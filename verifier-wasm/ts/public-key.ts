/** An issuer's public key whose signatures the runtime's own crypto checks. */

import { HallpassError } from "./error.js";
import type { SignedBytes } from "./pending-token.js";
import type { ReadKey, SyncCheck } from "./sync-crypto.js";
import { importKey, type AsyncCheck } from "./web-crypto.js";

/** A JSON Web Key that the wasm module has checked and written, with its one algorithm. */
export type CheckedJwk = { readonly alg: string; readonly [member: string]: string };

/** A public key, in the form of the runtime's crypto after its first use. */
export class PublicKey {
  readonly #jwk: CheckedJwk;
  #sync: SyncCheck | undefined;
  #async: AsyncCheck | undefined;

  /** Reads the text of a JSON Web Key. */
  constructor(text: string) {
    this.#jwk = JSON.parse(text) as CheckedJwk;
  }

  /** Whether the bytes are signed by this key; `read` makes the runtime's check of it. */
  isSignerSync({ signed, signature }: SignedBytes, read: ReadKey): boolean {
    try {
      return (this.#sync ??= read(this.#jwk))(signed, signature);
    } catch (cause) {
      throw this.#rejected(cause);
    }
  }

  /** The same by WebCrypto, which must own the bytes. */
  async isSigner({ signed, signature }: SignedBytes): Promise<boolean> {
    try {
      // Two requests may both import a key: in workerd, a request must not wait for another one's promise.
      this.#async ??= await importKey(this.#jwk);
      return await this.#async(signed, signature);
    } catch (cause) {
      throw cause instanceof HallpassError ? cause : this.#rejected(cause);
    }
  }

  #rejected(cause: unknown): HallpassError {
    return new HallpassError("ERR_KEY_SET_INVALID", `this runtime's crypto rejects the key for ${this.#jwk.alg}`, { cause });
  }
}
