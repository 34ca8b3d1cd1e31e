/** A wasm verifier with a policy, issuers and keys. */

import type { Verifier } from "../wasm/hallpass.js";
import { instanceNumber, inWasm } from "./instance.js";
import type { Policy } from "./settings.js";

/** Keys in the form of the wasm module. */
export interface WasmKeys {
  /** The text of a key set; `null` if there is only a secret. */
  readonly keySet: string | null;
  /** Whether the key set may contain secrets: only one of the operator's own configuration. */
  readonly allowsSecrets: boolean;
  readonly secret: SharedSecret | undefined;
}

/** A secret, and its only algorithm. */
export interface SharedSecret {
  readonly bytes: Uint8Array;
  readonly alg: "HS256" | "HS384" | "HS512";
}

/** A wasm verifier for a policy and issuers with the same keys. A new instance of the module gets a new one. */
export class BoundVerifier {
  readonly #policy: Policy;
  readonly #names: (string | null)[];
  readonly #keys: WasmKeys;
  #verifier: Verifier | undefined;
  #instance = -1;

  constructor(policy: Policy, names: (string | null)[], keys: WasmKeys) {
    this.#policy = policy;
    this.#names = names;
    this.#keys = keys;
  }

  /** @throws {@link HallpassError} `ERR_KEY_SET_INVALID` */
  get(): Verifier {
    if (this.#verifier === undefined || this.#instance !== instanceNumber()) {
      this.#verifier = this.#bind();
      this.#instance = instanceNumber();
    }
    return this.#verifier;
  }

  /** Frees the wasm memory at once, not at the next garbage collection. */
  free(): void {
    if (this.#instance === instanceNumber()) this.#verifier?.free();
    this.#verifier = undefined;
  }

  #bind(): Verifier {
    const { audiences, leeway, maxTokenAge, requiredClaims, types, maxTokenBytes } = this.#policy;
    return inWasm((wasm) => {
      const verifier = new wasm.Verifier(audiences, leeway, maxTokenAge, requiredClaims, types, maxTokenBytes);
      const { keySet, allowsSecrets, secret } = this.#keys;
      for (const name of this.#names) {
        verifier.addIssuer(name, keySet, allowsSecrets, secret?.bytes, secret?.alg ?? "");
      }
      return verifier;
    });
  }
}
