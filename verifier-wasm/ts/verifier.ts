/** The verifier: a policy, the issuer's keys, and one question. */

import type { Verifier as WasmVerifier } from "../wasm/hallpass.js";
import type { Claims } from "./claims.js";
import { readClock, type Clock } from "./clock.js";
import type { ErrorCode } from "./codes.js";
import { HallpassError } from "./error.js";
import { inWasm } from "./instance.js";
import { bindKeys, keySource, type KeySource } from "./key-source.js";
import { readOptions, type Policy, type VerifierOptions } from "./options.js";
import { tokenText } from "./token.js";
import { SignatureChecker } from "./web-crypto.js";

/** Verifies access tokens. Make one and keep it: it holds the issuer's keys. */
export interface Verifier {
  /**
   * Verifies a token and returns its claims; fetches the issuer's keys when it must.
   *
   * @throws {@link HallpassError} with the code that says why the token is refused, or `ERR_KEYS_UNREACHABLE`.
   */
  verify<Extra extends object = object>(token: string): Promise<Claims & Extra>;
  /**
   * The same answer without a promise, from the keys that are there, for EdDSA and HS256; it never fetches.
   *
   * @throws {@link HallpassError} as `verify`, `ERR_KEYS_NOT_LOADED` before the first keys have come, and
   * `ERR_ALG_NEEDS_ASYNC` where WebCrypto must check the signature (ES256, RS256, PS256).
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
  const { policy, issuers, now, fetch } = readOptions(options);
  const sources = issuers.map(({ name, keys }) => keySource(policy, name, keys, fetch));
  const chooser = issuers.length > 1 ? issuerChooser(policy, issuers.map(({ name }) => name)) : () => 0;
  return new KeyedVerifier((token) => sources[chooser(token)]!, now);
}

/** Tells which of several issuers' keys a token needs. What the token says of it is not proved: those keys must do so. */
function issuerChooser(policy: Policy, names: (string | null)[]): (token: string) => number {
  let verifier: WasmVerifier | undefined;
  return (token) => {
    const chooser = (verifier ??= bindKeys(policy, names, '{"keys":[]}'));
    return inWasm(() => chooser.issuerOf(token));
  };
}

class KeyedVerifier implements Verifier {
  readonly #sourceFor: (token: string) => KeySource;
  readonly #now: Clock;
  readonly #signatures = new SignatureChecker();

  constructor(sourceFor: (token: string) => KeySource, now: Clock) {
    this.#sourceFor = sourceFor;
    this.#now = now;
  }

  async verify<Extra extends object = object>(token: string): Promise<Claims & Extra> {
    const text = tokenText(token);
    const source = this.#sourceFor(text);
    await source.load();
    try {
      return await this.#claims<Extra>(text, source);
    } catch (error) {
      if (!hasCode(error, "ERR_KEY_UNKNOWN") || !(await source.reload())) throw error;
      return this.#claims<Extra>(text, source);
    }
  }

  verifySync<Extra extends object = object>(token: string): Claims & Extra {
    const text = tokenText(token);
    return this.#claimsSync<Extra>(text, this.#sourceFor(text));
  }

  #claimsSync<Extra extends object>(token: string, source: KeySource): Claims & Extra {
    const now = readClock(this.#now);
    const verifier = source.current();
    return parse(inWasm(() => verifier.verify(token, now)));
  }

  async #claims<Extra extends object>(token: string, source: KeySource): Promise<Claims & Extra> {
    for (;;) {
      try {
        return this.#claimsSync<Extra>(token, source);
      } catch (error) {
        if (!hasCode(error, "ERR_ALG_NEEDS_ASYNC")) throw error;
      }
      const verifier = source.current();
      const key = inWasm(() => verifier.externalKey(token));
      const signatureFits = await this.#signatures.fits(token, key!);
      // While WebCrypto was at work the keys may have changed, and this one may have been withdrawn: look again.
      if (source.current() !== verifier) continue;
      const now = readClock(this.#now);
      return parse(inWasm(() => verifier.verifyChecked(token, signatureFits, now)));
    }
  }
}

function parse<Extra extends object>(claims: string): Claims & Extra {
  return JSON.parse(claims) as Claims & Extra;
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof HallpassError && error.code === code;
}
