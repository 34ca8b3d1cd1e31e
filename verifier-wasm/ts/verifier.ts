/** The verifier: a policy, the issuer's keys, and one question. */

import type { Verifier as WasmVerifier } from "../wasm/hallpass.js";
import { BoundVerifier } from "./bound-verifier.js";
import type { Checked, TokenCache } from "./cache.js";
import type { Claims, VerifiedClaims, WithClaims } from "./claims.js";
import { readClock, type Clock } from "./clock.js";
import { HallpassError } from "./error.js";
import { inWasm } from "./instance.js";
import { keySource, type KeySource } from "./key-source.js";
import type { KeySnapshot, VerifierOptions, WaitUntil } from "./options.js";
import { readOptions, type Policy, type Settings } from "./settings.js";
import { snapshotOf } from "./snapshot.js";
import { tokenText } from "./token.js";
import type { TokenMemory } from "./token-memory.js";
import { SignatureChecker } from "./web-crypto.js";

/**
 * Verifies access tokens. Make one and keep it: it holds the issuer's keys. `Known` is what it says of a good token's claims.
 *
 * @example
 * ```ts
 * let verifier: Verifier<VerifiedClaims<{ plan: string }>>;
 * ```
 */
export interface Verifier<Known extends object = VerifiedClaims> {
  /**
   * The issuers whose tokens it accepts; `null` stands for one that is not checked.
   *
   * @example ["https://auth.example.com"]
   */
  readonly issuers: readonly (string | null)[];
  /**
   * Verifies a token and returns its claims; fetches the issuer's keys when it must. From three quarters of the keys' life
   * on they are fetched again in the background; it waits for them only when that life is over.
   *
   * @typeParam Extra - Claims of one's own, on the issuer's word.
   * @throws {@link HallpassError} with the code that says why the token is refused, or `ERR_KEYS_UNREACHABLE`.
   * @example
   * ```ts
   * const { sub, exp } = await verifier.verify(token);
   * const { plan } = await verifier.verify<{ plan: string }>(token, { waitUntil: (done) => ctx.waitUntil(done) });
   * ```
   */
  verify<Extra extends object = object>(token: string, options?: VerifyOptions): Promise<WithClaims<Known, Extra>>;
  /**
   * The same answer without a promise, from the keys that are there, for EdDSA and HS256. It never waits: keys that are old
   * are fetched in the background and serve until they have come, or for `maxStale` seconds beyond their life; an unknown
   * key is looked for in the background too.
   *
   * @throws {@link HallpassError} as `verify`, `ERR_KEYS_NOT_LOADED` before the first keys have come, and
   * `ERR_ALG_NEEDS_ASYNC` where WebCrypto must check the signature (ES256, RS256, PS256).
   * @example
   * ```ts
   * await verifier.verify(first); // fetches the keys
   * const { sub } = verifier.verifySync(second);
   * ```
   */
  verifySync<Extra extends object = object>(token: string): WithClaims<Known, Extra>;
  /**
   * The public keys that were fetched, to be kept outside the program, in a worker's KV say, and put back by the option
   * `snapshot`. They are data, and no secret. `undefined` if none were fetched.
   *
   * @example
   * ```ts
   * const keys = verifier.exportKeys();
   * if (keys !== undefined) await env.KV.put("keys", JSON.stringify(keys));
   * ```
   */
  exportKeys(): KeySnapshot | undefined;
}

/**
 * What may be said of one verification.
 *
 * @example await verifier.verify(token, { waitUntil: (promise) => ctx.waitUntil(promise) })
 */
export interface VerifyOptions {
  /**
   * As the option of {@link createVerifier}, where it is known only at a request.
   *
   * @example (promise) => ctx.waitUntil(promise)
   */
  readonly waitUntil?: WaitUntil;
}

/**
 * Makes a verifier. It does nothing yet: keys are read or fetched at the first use.
 *
 * @typeParam Extra - Claims of one's own: given, on the issuer's word; or taken from the option `schema`, and checked.
 * @throws {@link HallpassError} `ERR_OPTIONS_INVALID`; the message names the option.
 * @example
 * ```ts
 * const verifier = createVerifier<{ plan: string }>({
 *   issuer: "https://auth.example.com",
 *   audience: "api",
 *   jwks: "https://auth.example.com/.well-known/jwks.json",
 *   leeway: 5, // seconds
 * });
 * const { sub, plan } = await verifier.verify(token);
 * ```
 */
export function createVerifier<Extra extends object = object, const Required extends string = string>(
  options: VerifierOptions<Extra, Required>,
): Verifier<VerifiedClaims<Extra, Required>> {
  const settings = readOptions(options);
  const { policy, issuers } = settings;
  const sources = issuers.map((issuer) => keySource(settings, issuer));
  const chooser = issuers.length > 1 ? issuerChooser(policy, issuers.map(({ name }) => name)) : () => 0;
  return new KeyedVerifier(sources, chooser, settings) as Verifier<VerifiedClaims<Extra, Required>>;
}

/** Tells which of several issuers' keys a token needs. What the token says of it is not proved: those keys must do so. */
function issuerChooser(policy: Policy, names: (string | null)[]): (token: string) => number {
  const bound = new BoundVerifier(policy, names, '{"keys":[]}');
  return (token) => {
    const chooser = bound.get();
    return inWasm((_, memory) => memory.issuerOf(chooser, token));
  };
}

/** What the wasm module tells of a good token: its claims as JSON text, and when it is good, in seconds since 1970. */
interface Verdict {
  readonly text: string;
  readonly from: number;
  readonly until: number;
}

class KeyedVerifier {
  readonly issuers: readonly (string | null)[];
  readonly #sources: KeySource[];
  readonly #chooser: (token: string) => number;
  readonly #now: Clock;
  readonly #readClaims: (text: string) => Claims;
  readonly #cache: TokenCache | undefined;
  readonly #signatures = new SignatureChecker();

  constructor(sources: KeySource[], chooser: (token: string) => number, { issuers, now, readClaims, cache }: Settings) {
    this.issuers = issuers.map(({ name }) => name);
    this.#sources = sources;
    this.#chooser = chooser;
    this.#now = now;
    this.#readClaims = readClaims;
    this.#cache = cache;
  }

  async verify(token: string, { waitUntil }: VerifyOptions = {}): Promise<Claims> {
    const text = tokenText(token);
    const source = this.#sourceFor(text);
    const loading = source.load(waitUntil);
    if (loading !== undefined) await loading;
    try {
      return await this.#claims(text, source);
    } catch (error) {
      if (!isUnknownKey(error) || !(await source.reload())) throw error;
      return await this.#claims(text, source);
    }
  }

  verifySync(token: string): Claims {
    const text = tokenText(token);
    const source = this.#sourceFor(text);
    try {
      return this.#claimsAtOnce(text, source.atOnce());
    } catch (error) {
      if (isUnknownKey(error)) source.reloadBehind();
      throw error;
    }
  }

  exportKeys(): KeySnapshot | undefined {
    return snapshotOf(this.#sources.flatMap((source) => source.saved() ?? []));
  }

  #sourceFor(token: string): KeySource {
    return this.#sources[this.#chooser(token)]!;
  }

  #claimsAtOnce(token: string, verifier: WasmVerifier): Claims {
    const now = readClock(this.#now);
    const known = this.#cache?.find(token, verifier, now, "here");
    if (known !== undefined) return known;
    const good = inWasm((_, memory) => verdict(memory.verify(verifier, token, now), memory));
    return this.#admit(good, token, verifier, "here");
  }

  #claims(token: string, source: KeySource): Claims | Promise<Claims> {
    const verifier = source.current();
    const now = readClock(this.#now);
    const known = this.#cache?.find(token, verifier, now);
    if (known !== undefined) return known;
    const good = inWasm((_, memory) => {
      const claims = memory.verifyUnlessExternal(verifier, token, now);
      return claims === undefined ? undefined : verdict(claims, memory);
    });
    return good === undefined ? this.#claimsByWebCrypto(token, source, verifier) : this.#admit(good, token, verifier, "here");
  }

  async #claimsByWebCrypto(token: string, source: KeySource, verifier: WasmVerifier): Promise<Claims> {
    const key = inWasm((_, memory) => memory.externalKey(verifier, token));
    const signatureFits = await this.#signatures.fits(token, key!);
    // While WebCrypto was at work the keys may have changed, and this one may have been withdrawn: begin again.
    if (source.current() !== verifier) return this.#claims(token, source);
    const now = readClock(this.#now);
    const good = inWasm((_, memory) => verdict(memory.verifyChecked(verifier, token, signatureFits, now), memory));
    return this.#admit(good, token, verifier, "by WebCrypto");
  }

  /** The claims of a token that was just verified; they are remembered where there is a cache. A schema is the caller's code. */
  #admit({ text, from, until }: Verdict, token: string, verifier: WasmVerifier, checked: Checked): Claims {
    if (this.#cache === undefined) return this.#readClaims(text);
    return this.#cache.add(token, text, { verifier, checked, from, until });
  }
}

function verdict(text: string, memory: TokenMemory): Verdict {
  return { text, ...memory.validity() };
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof HallpassError && error.code === "ERR_KEY_UNKNOWN";
}
