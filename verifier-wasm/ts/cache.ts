/** Tokens that were verified before, so that seeing one again costs a look-up. */

import type { Verifier } from "../wasm/hallpass.js";
import type { Claims } from "./claims.js";
import type { CacheOptions } from "./options.js";

/** Who checked a signature: the wasm module, or WebCrypto, which answers with a promise alone. */
export type Checked = "here" | "by WebCrypto";

/** Under what a verified token holds. */
export interface Terms {
  /** The policy and the keys that it was verified with. Other keys are another object. */
  readonly verifier: Verifier;
  readonly checked: Checked;
  /** From when on it is good, and when no longer, in seconds since 1970: `exp`, `nbf` and age, each with its leeway. */
  readonly from: number;
  readonly until: number;
}

/** What callers get for a token that was seen before. */
export type SharedClaims = NonNullable<CacheOptions["claims"]>;

interface Known extends Terms {
  readonly token: string;
  /** The object that all callers share, or the text that each of them gets parsed. */
  readonly claims: Claims | string;
}

/** So many characters at the end of a token, 256 bits of its signature, are looked up; then all of it is compared. */
const TAIL = 43;

/**
 * A bounded cache, by the whole token: a token that differs anywhere is another one. Engines hash a string of 500 characters
 * more slowly than they compare it, so that its end finds the place, and the comparison decides. Tokens used last are kept:
 * when the newer half is full it becomes the older half, and what was not asked for since then is dropped.
 */
export class TokenCache {
  readonly #half: number;
  readonly #shared: SharedClaims;
  readonly #readClaims: (text: string) => Claims;
  #newer = new Map<string, Known>();
  #older = new Map<string, Known>();

  /** Holds at most `size` tokens, two at least. */
  constructor(size: number, shared: SharedClaims, readClaims: (text: string) => Claims) {
    this.#half = Math.floor(size / 2);
    this.#shared = shared;
    this.#readClaims = readClaims;
  }

  /** The claims of a token that holds at the time `now` under these keys. Any other must be verified again. */
  find(token: string, verifier: Verifier, now: number, checked?: Checked): Claims | undefined {
    const tail = token.slice(-TAIL);
    const known = this.#newer.get(tail) ?? this.#promote(tail);
    if (known === undefined || known.token !== token || known.verifier !== verifier) return undefined;
    if (now < known.from || now >= known.until) return undefined;
    if (checked !== undefined && known.checked !== checked) return undefined;
    return typeof known.claims === "string" ? this.#readClaims(known.claims) : known.claims;
  }

  /** Remembers a token with its claims, a JSON text, and returns what its callers get. */
  add(token: string, text: string, terms: Terms): Claims {
    const claims = this.#readClaims(text);
    this.#put(token.slice(-TAIL), { ...terms, token, claims: this.#shared === "frozen" ? deepFreeze(claims) : text });
    return claims;
  }

  #promote(tail: string): Known | undefined {
    const known = this.#older.get(tail);
    if (known !== undefined) this.#put(tail, known);
    return known;
  }

  #put(tail: string, known: Known): void {
    if (this.#newer.size >= this.#half) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(tail, known);
  }
}

/** Freezes what JSON can hold; what else a schema made, a `Date` or bytes, is the caller's. */
function deepFreeze<Value>(value: Value): Value {
  const isPlain = Array.isArray(value) || (isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value)));
  if (isPlain && !Object.isFrozen(value)) Object.values(Object.freeze(value) as object).forEach(deepFreeze);
  return value;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
