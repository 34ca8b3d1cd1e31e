/** A cache of verified tokens: a repeated token costs a lookup. */

import type { Verifier } from "../wasm/hallpass.js";
import type { Claims } from "./claims.js";
import type { CacheOptions } from "./options.js";

/** The code that checked a signature: the wasm module, or WebCrypto, which is asynchronous. */
export type CheckedBy = "wasm" | "webcrypto";

/** The conditions under which a verified token is valid. */
export interface Validity {
  /** The policy and the keys that verified it. New keys are a new object. */
  readonly verifier: Verifier;
  readonly checkedBy: CheckedBy;
  /** The first valid second and the first invalid one, in seconds since 1970, by `exp`, `nbf` and age with their leeway. */
  readonly from: number;
  readonly until: number;
}

/** The claims that callers get for a cached token. */
export type ClaimsMode = NonNullable<CacheOptions["claims"]>;

interface Entry extends Validity {
  readonly token: string;
  /** The object that all callers share, or the text that is parsed for each of them. */
  readonly claims: Claims | string;
}

/** Characters at the end of a token, 256 bits of its signature, that are the key of the lookup. Then the whole token is compared. */
const TAIL_LENGTH = 43;

/**
 * A bounded cache by the whole token. Engines hash a string of 500 characters more slowly than they compare it, so the end of
 * the token is the key of the map, and a comparison of the whole token decides. Recently used tokens are kept: when the newer
 * half is full, it becomes the older half, and tokens that were not used since then are dropped.
 */
export class TokenCache {
  readonly #halfSize: number;
  readonly #claimsMode: ClaimsMode;
  readonly #readClaims: (text: string) => Claims;
  #newer = new Map<string, Entry>();
  #older = new Map<string, Entry>();

  /** Holds at most `size` tokens; `size` is at least 2. */
  constructor(size: number, claimsMode: ClaimsMode, readClaims: (text: string) => Claims) {
    this.#halfSize = Math.floor(size / 2);
    this.#claimsMode = claimsMode;
    this.#readClaims = readClaims;
  }

  /** The claims of a cached token that is valid at the time `now` under these keys. */
  find(token: string, verifier: Verifier, now: number, checkedBy?: CheckedBy): Claims | undefined {
    const tail = token.slice(-TAIL_LENGTH);
    const entry = this.#newer.get(tail) ?? this.#promote(tail);
    if (entry === undefined || entry.token !== token || entry.verifier !== verifier) return undefined;
    if (now < entry.from || now >= entry.until) return undefined;
    if (checkedBy !== undefined && entry.checkedBy !== checkedBy) return undefined;
    return typeof entry.claims === "string" ? this.#readClaims(entry.claims) : entry.claims;
  }

  /** Stores a token with its claims, a JSON text, and returns the claims for the caller. */
  add(token: string, text: string, validity: Validity): Claims {
    const claims = this.#readClaims(text);
    this.#put(token.slice(-TAIL_LENGTH), { ...validity, token, claims: this.#claimsMode === "frozen" ? deepFreeze(claims) : text });
    return claims;
  }

  #promote(tail: string): Entry | undefined {
    const entry = this.#older.get(tail);
    if (entry !== undefined) this.#put(tail, entry);
    return entry;
  }

  #put(tail: string, entry: Entry): void {
    if (this.#newer.size >= this.#halfSize) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(tail, entry);
  }
}

/** Freezes JSON values. Other values that a schema returned, such as a `Date`, belong to the caller. */
function deepFreeze<Value>(value: Value): Value {
  const isPlain = Array.isArray(value) || (isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value)));
  if (isPlain && !Object.isFrozen(value)) Object.values(Object.freeze(value) as object).forEach(deepFreeze);
  return value;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
