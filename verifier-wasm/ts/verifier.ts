/** The verifier: a policy, the issuer's keys, and one question. */

import type { Claims } from "./claims.js";
import { readClock, type Clock } from "./clock.js";
import { HallpassError } from "./error.js";
import { inWasm } from "./instance.js";
import { keySource, type KeySource } from "./key-source.js";
import { readOptions, type VerifierOptions } from "./options.js";
import { tokenText } from "./token.js";

/** Verifies access tokens. Make one and keep it: it holds the issuer's keys. */
export interface Verifier {
  /**
   * Verifies a token and returns its claims; fetches the issuer's keys when it must.
   *
   * @throws {@link HallpassError} with the code that says why the token is refused, or `ERR_KEYS_UNREACHABLE`.
   */
  verify<Extra extends object = object>(token: string): Promise<Claims & Extra>;
  /**
   * The same answer without a promise, from the keys that are there; it never fetches.
   *
   * @throws {@link HallpassError} as `verify`, and `ERR_KEYS_NOT_LOADED` before the first keys have come.
   */
  verifySync<Extra extends object = object>(token: string): Claims & Extra;
}

/**
 * Makes a verifier. It does nothing yet: keys are read or fetched at the first use.
 *
 * @throws {@link HallpassError} `ERR_OPTIONS_INVALID`; the message names the option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuer: "https://auth.example.com",
 *   audience: "api",
 *   jwks: "https://auth.example.com/.well-known/jwks.json",
 * });
 * const claims = await verifier.verify<{ plan: string }>(token);
 * ```
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { policy, keys, now, fetch } = readOptions(options);
  return new KeyedVerifier(keySource(JSON.stringify(policy), keys, fetch), now);
}

class KeyedVerifier implements Verifier {
  readonly #source: KeySource;
  readonly #now: Clock;

  constructor(source: KeySource, now: Clock) {
    this.#source = source;
    this.#now = now;
  }

  async verify<Extra extends object = object>(token: string): Promise<Claims & Extra> {
    const text = tokenText(token);
    await this.#source.load();
    try {
      return this.#claims<Extra>(text);
    } catch (error) {
      if (!isUnknownKey(error) || !(await this.#source.reload())) throw error;
      return this.#claims<Extra>(text);
    }
  }

  verifySync<Extra extends object = object>(token: string): Claims & Extra {
    return this.#claims<Extra>(tokenText(token));
  }

  #claims<Extra extends object>(token: string): Claims & Extra {
    const now = readClock(this.#now);
    const verifier = this.#source.current();
    return JSON.parse(inWasm(() => verifier.verify(token, now))) as Claims & Extra;
  }
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof HallpassError && error.code === "ERR_KEY_UNKNOWN";
}
