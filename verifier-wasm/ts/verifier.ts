/** The verifier: a policy, and the issuers' keys. */

import type { Verifier as WasmVerifier } from "../wasm/hallpass.js";
import { BoundVerifier } from "./bound-verifier.js";
import type { CheckedBy, TokenCache } from "./cache.js";
import type { Claims, VerifiedClaims, WithClaims } from "./claims.js";
import { readClock, type Clock } from "./clock.js";
import { HallpassError } from "./error.js";
import { inWasm } from "./instance.js";
import { keySource, type KeySource } from "./key-source.js";
import type { KeySnapshot, VerifierOptions, WaitUntil } from "./options.js";
import { PendingToken, type VerifiedToken } from "./pending-token.js";
import { readOptions, type Policy, type Settings } from "./settings.js";
import { IS_SYNC, SignatureChecker } from "./signature-checker.js";
import { snapshotOf } from "./snapshot.js";
import { tokenText } from "./token-text.js";

/**
 * Verifies access tokens. Create one and keep it: it caches the issuer's keys. `Known` is the type of a verified token's claims.
 *
 * @example
 * ```ts
 * let verifier: Verifier<VerifiedClaims<{ plan: string }>>;
 * ```
 */
export interface Verifier<Known extends object = VerifiedClaims> {
  /**
   * The accepted issuers; `null` for one that is not checked.
   *
   * @example ["https://auth.example.com"]
   */
  readonly issuers: readonly (string | null)[];
  /**
   * Verifies a token and returns its claims. Fetches the issuer's keys if needed: after three quarters of their freshness in the
   * background, and it waits for them only when they are stale.
   *
   * @typeParam Extra - Additional claims, unchecked.
   * @throws {@link HallpassError} with the reason for the refusal as its code, or `ERR_KEYS_UNREACHABLE`.
   * @example
   * ```ts
   * const { sub, exp } = await verifier.verify(token);
   * const { plan } = await verifier.verify<{ plan: string }>(token, { waitUntil: (done) => ctx.waitUntil(done) });
   * ```
   */
  verify<Extra extends object = object>(token: string, options?: VerifyOptions): Promise<WithClaims<Known, Extra>>;
  /**
   * The same without a promise, with the current keys: in Node and Bun for every algorithm, elsewhere for EdDSA and HMAC. It never
   * waits: stale keys are refreshed in the background, and used until then for at most `maxStale` seconds; an unknown key causes a
   * refresh in the background too.
   *
   * @throws {@link HallpassError} as `verify`; `ERR_KEYS_NOT_LOADED` before the first fetch is done; `ERR_ALG_NEEDS_ASYNC` if
   * only WebCrypto can check the signature (ECDSA and RSA in pages, workerd, edge runtimes and Deno).
   * @example
   * ```ts
   * await verifier.verify(first); // fetches the keys
   * const { sub } = verifier.verifySync(second);
   * ```
   */
  verifySync<Extra extends object = object>(token: string): WithClaims<Known, Extra>;
  /**
   * The fetched public keys, for storage outside the program, such as a worker's KV, and for the option `snapshot`. They are not
   * secret. `undefined` if none were fetched.
   *
   * @example
   * ```ts
   * const keys = verifier.exportKeys();
   * if (keys !== undefined) await env.KV.put("keys", JSON.stringify(keys));
   * ```
   */
  exportKeys(): KeySnapshot | undefined;
  /**
   * The keys of the issuers' current key sets that are never used, and why: unusable, ambiguous, of an unsupported kind, or for
   * another use. Tokens of the other keys are verified. Empty before the first fetch.
   *
   * @throws {@link HallpassError} `ERR_KEY_SET_INVALID` if no key of the option `jwks` can be used.
   * @example
   * ```ts
   * for (const { kid, reason } of verifier.keyReport()) console.warn(`key ${kid} is not used: ${reason}`);
   * ```
   */
  keyReport(): SkippedKey[];
}

/**
 * A key that is never used.
 *
 * @example { issuer: "https://auth.example.com", index: 1, kid: "old", reason: "an RSA key's `n` must be …" }
 */
export interface SkippedKey {
  /** The issuer; `null` for one that is not checked. */
  readonly issuer: string | null;
  /** The position in the array `keys` of the key set, from 0. */
  readonly index: number;
  /** The `kid`, if the key has one. */
  readonly kid?: string;
  /** Why the key is not used, as a sentence. */
  readonly reason: string;
}

/**
 * Options of one verification.
 *
 * @example await verifier.verify(token, { waitUntil: (promise) => ctx.waitUntil(promise) })
 */
export interface VerifyOptions {
  /**
   * As the option of {@link createVerifier}, for programs that get it with each request.
   *
   * @example (promise) => ctx.waitUntil(promise)
   */
  readonly waitUntil?: WaitUntil;
}

/**
 * Creates a verifier. Keys are read or fetched at the first use.
 *
 * @typeParam Extra - Additional claims: named here (unchecked), or inferred from the option `schema` (checked).
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
export function createVerifier<Extra extends object = object, const Required extends string = Extract<keyof Extra, string>>(
  options: VerifierOptions<Extra, Required>,
): Verifier<VerifiedClaims<Extra, Required>> {
  const settings = readOptions(options);
  const { policy, issuers } = settings;
  const sources = issuers.map((issuer) => keySource(settings, issuer));
  const selectIssuer = issuers.length > 1 ? issuerSelector(policy, issuers.map(({ name }) => name)) : () => 0;
  return new KeyedVerifier(sources, selectIssuer, settings) as Verifier<VerifiedClaims<Extra, Required>>;
}

/** Selects the issuer by the token's unverified `iss`. Then that issuer's keys must verify the token. */
function issuerSelector(policy: Policy, names: (string | null)[]): (token: string) => number {
  const bound = new BoundVerifier(policy, names, { keySet: '{"keys":[]}', allowsSecrets: false, secret: undefined });
  return (token) => {
    const verifier = bound.get();
    return inWasm((_, memory) => memory.issuerIndex(verifier, token));
  };
}

class KeyedVerifier {
  readonly issuers: readonly (string | null)[];
  readonly #sources: KeySource[];
  readonly #selectIssuer: (token: string) => number;
  readonly #maxTokenBytes: number;
  readonly #now: Clock;
  readonly #readClaims: (text: string) => Claims;
  readonly #cache: TokenCache | undefined;
  readonly #signatures = new SignatureChecker();

  constructor(sources: KeySource[], selectIssuer: (token: string) => number, { policy, issuers, now, readClaims, cache }: Settings) {
    this.issuers = issuers.map(({ name }) => name);
    this.#sources = sources;
    this.#selectIssuer = selectIssuer;
    this.#maxTokenBytes = policy.maxTokenBytes;
    this.#now = now;
    this.#readClaims = readClaims;
    this.#cache = cache;
  }

  async verify(token: string, { waitUntil }: VerifyOptions = {}): Promise<Claims> {
    const text = tokenText(token, this.#maxTokenBytes);
    const source = this.#sourceFor(text);
    const loading = source.ensureKeys(waitUntil);
    if (loading !== undefined) await loading;
    try {
      return await this.#claims(text, source);
    } catch (error) {
      if (!isUnknownKey(error) || !(await source.refresh())) throw error;
      return await this.#claims(text, source);
    }
  }

  verifySync(token: string): Claims {
    const text = tokenText(token, this.#maxTokenBytes);
    const source = this.#sourceFor(text);
    try {
      return this.#claimsSync(text, source.verifierSync());
    } catch (error) {
      if (isUnknownKey(error)) source.refreshInBackground();
      throw error;
    }
  }

  exportKeys(): KeySnapshot | undefined {
    return snapshotOf(this.#sources.flatMap((source) => source.saved() ?? []));
  }

  keyReport(): SkippedKey[] {
    return this.#sources.flatMap((source, index) => {
      const verifier = source.latest();
      return verifier === undefined ? [] : skippedKeys(this.issuers[index]!, verifier.skippedKeys());
    });
  }

  #sourceFor(token: string): KeySource {
    return this.#sources[this.#selectIssuer(token)]!;
  }

  #claimsSync(token: string, verifier: WasmVerifier): Claims {
    const now = readClock(this.#now);
    const cached = this.#cache?.find(token, verifier, now, "sync");
    if (cached !== undefined) return cached;
    const result = inWasm((_, memory) => memory.verify(verifier, token, now));
    return this.#concludeSync(result, token, verifier);
  }

  #claims(token: string, source: KeySource): Claims | Promise<Claims> {
    const verifier = source.verifier();
    const now = readClock(this.#now);
    const cached = this.#cache?.find(token, verifier, now);
    if (cached !== undefined) return cached;
    const result = inWasm((_, memory) => memory.verify(verifier, token, now));
    if (IS_SYNC || !(result instanceof PendingToken)) return this.#concludeSync(result, token, verifier);
    return this.#conclude(result.detached(), token, source, verifier);
  }

  #concludeSync(result: VerifiedToken | PendingToken, token: string, verifier: WasmVerifier): Claims {
    if (!(result instanceof PendingToken)) return this.#remember(result, token, verifier, "sync");
    const isSigned = this.#signatures.isSignedSync(result, verifier);
    return this.#remember(result.conclude(isSigned), token, verifier, "sync");
  }

  async #conclude(pending: PendingToken, token: string, source: KeySource, verifier: WasmVerifier): Promise<Claims> {
    const isSigned = await this.#signatures.isSigned(pending, verifier);
    // The keys may have changed while WebCrypto worked, and this key may be removed: verify again.
    if (source.verifier() !== verifier) return this.#claims(token, source);
    return this.#remember(pending.conclude(isSigned), token, verifier, "webcrypto");
  }

  /** Returns the claims of a token that was just verified, through the cache if there is one. A schema is the caller's code. */
  #remember({ text, from, until }: VerifiedToken, token: string, verifier: WasmVerifier, checkedBy: CheckedBy): Claims {
    if (this.#cache === undefined) return this.#readClaims(text);
    return this.#cache.add(token, text, { verifier, checkedBy, from, until });
  }
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof HallpassError && error.code === "ERR_KEY_UNKNOWN";
}

/** Reads the bridge's list: position, `kid` and reason of each key. */
function skippedKeys(issuer: string | null, texts: string[]): SkippedKey[] {
  return Array.from({ length: texts.length / 3 }, (_, at) => {
    const [index, kid, reason] = texts.slice(3 * at, 3 * at + 3) as [string, string, string];
    return { issuer, index: Number(index), ...(kid !== "" && { kid }), reason };
  });
}
