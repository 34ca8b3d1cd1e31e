/** The verifier: a policy, the issuer's keys, and one question. */

import type { Verifier as WasmVerifier } from "../wasm/hallpass.js";
import type { Checked, TokenCache } from "./cache.js";
import type { Claims } from "./claims.js";
import { readClock, type Clock } from "./clock.js";
import { HallpassError } from "./error.js";
import { inWasm } from "./instance.js";
import { BoundVerifier, keySource, type KeySource } from "./key-source.js";
import { readOptions, type Policy, type VerifierOptions } from "./options.js";
import { tokenText } from "./token.js";
import type { TokenMemory } from "./token-memory.js";
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
   * The same answer without a promise, from the keys that are there, for EdDSA and HS256. It never fetches: a key that the
   * issuer has withdrawn counts until `verify` has fetched the new ones, so call that every five minutes.
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
  const { policy, issuers, now, fetch, cache } = readOptions(options);
  const sources = issuers.map(({ name, keys }) => keySource(policy, name, keys, fetch));
  const chooser = issuers.length > 1 ? issuerChooser(policy, issuers.map(({ name }) => name)) : () => 0;
  return new KeyedVerifier((token) => sources[chooser(token)]!, now, cache);
}

/** Tells which of several issuers' keys a token needs. What the token says of it is not proved: those keys must do so. */
function issuerChooser(policy: Policy, names: (string | null)[]): (token: string) => number {
  const bound = new BoundVerifier(policy, names, '{"keys":[]}');
  return (token) => {
    const chooser = bound.get();
    return inWasm((_, memory) => memory.issuerOf(chooser, token));
  };
}

class KeyedVerifier implements Verifier {
  readonly #sourceFor: (token: string) => KeySource;
  readonly #now: Clock;
  readonly #cache: TokenCache | undefined;
  readonly #signatures = new SignatureChecker();

  constructor(sourceFor: (token: string) => KeySource, now: Clock, cache: TokenCache | undefined) {
    this.#sourceFor = sourceFor;
    this.#now = now;
    this.#cache = cache;
  }

  async verify<Extra extends object = object>(token: string): Promise<Claims & Extra> {
    const text = tokenText(token);
    const source = this.#sourceFor(text);
    const loading = source.load();
    if (loading !== undefined) await loading;
    try {
      return (await this.#claims(text, source)) as Claims & Extra;
    } catch (error) {
      if (!isUnknownKey(error) || !(await source.reload())) throw error;
      return (await this.#claims(text, source)) as Claims & Extra;
    }
  }

  verifySync<Extra extends object = object>(token: string): Claims & Extra {
    const text = tokenText(token);
    const verifier = this.#sourceFor(text).current();
    const now = readClock(this.#now);
    const known = this.#cache?.find(text, verifier, now, "here");
    return (known ?? inWasm((_, memory) => {
      const claims = memory.verify(verifier, text, now);
      return this.#admit(claims, text, verifier, memory, "here");
    })) as Claims & Extra;
  }

  #claims(token: string, source: KeySource): Claims | Promise<Claims> {
    const verifier = source.current();
    const now = readClock(this.#now);
    const known = this.#cache?.find(token, verifier, now);
    return known ?? inWasm((_, memory) => {
      const claims = memory.verifyUnlessExternal(verifier, token, now);
      if (claims === undefined) return this.#claimsByWebCrypto(token, source, verifier);
      return this.#admit(claims, token, verifier, memory, "here");
    });
  }

  async #claimsByWebCrypto(token: string, source: KeySource, verifier: WasmVerifier): Promise<Claims> {
    const key = inWasm((_, memory) => memory.externalKey(verifier, token));
    const signatureFits = await this.#signatures.fits(token, key!);
    // While WebCrypto was at work the keys may have changed, and this one may have been withdrawn: begin again.
    if (source.current() !== verifier) return this.#claims(token, source);
    const now = readClock(this.#now);
    return inWasm((_, memory) => {
      const claims = memory.verifyChecked(verifier, token, signatureFits, now);
      return this.#admit(claims, token, verifier, memory, "by WebCrypto");
    });
  }

  /** The claims of a token that was just verified; they are remembered where there is a cache. */
  #admit(claims: string, token: string, verifier: WasmVerifier, memory: TokenMemory, checked: Checked): Claims {
    if (this.#cache === undefined) return JSON.parse(claims) as Claims;
    return this.#cache.add(token, claims, { verifier, checked, ...memory.validity() });
  }
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof HallpassError && error.code === "ERR_KEY_UNKNOWN";
}
