/** A cache of verified tokens: a repeated token costs a lookup. */

import type { Verifier } from "../wasm/hallpass.js";
import type { Claims } from "./claims.js";
import type { CacheOptions } from "./options.js";

/** How a signature was checked: without a promise, or by WebCrypto, which is asynchronous. */
export type CheckedBy = "sync" | "webcrypto";

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

interface Entry {
  readonly token: string;
  /** Two numbers from the end of the token: the key in the map, and one that is compared before the token. */
  readonly key: number;
  readonly check: number;
  /** The object that all callers share, or the text that is parsed for each of them. */
  claims: Claims | string;
  validity: Validity;
  /** Whether the token was found since the hand last passed its entry. */
  isUsed: boolean;
  /** Another entry with the same key. */
  next: Entry | undefined;
}

/** Characters of a token's end that each of the two numbers is computed from: 42 bits of the signature. */
const HASHED = 7;

/** Bits of a key: integers of 30 bits are not allocated in any engine. */
const KEY_MASK = 0x3fff_ffff;

/** A prime above 64, the number of digits. */
const FACTOR = 67;

/**
 * A bounded cache by the whole token. Engines hash a string of 500 characters more slowly than they compare it, so a number from
 * the end of the token is the key of the map, and a comparison of the whole token decides. That comparison is reached only with
 * 14 correct characters of a signature, so that its time reveals nothing about tokens that an attacker does not have.
 *
 * Entries are replaced by the CLOCK algorithm: a hand passes the entries in a circle, and drops the first that was not used since
 * its last pass. So a hit writes one flag, and `size` tokens that are used in turn all stay.
 */
export class TokenCache {
  readonly #size: number;
  readonly #claimsMode: ClaimsMode;
  readonly #readClaims: (text: string) => Claims;
  readonly #byKey = new Map<number, Entry>();
  readonly #circle: Entry[] = [];
  #hand = 0;

  /** Holds at most `size` tokens. */
  constructor(size: number, claimsMode: ClaimsMode, readClaims: (text: string) => Claims) {
    this.#size = size;
    this.#claimsMode = claimsMode;
    this.#readClaims = readClaims;
  }

  /** The claims of a cached token that is valid at the time `now` under these keys. */
  find(token: string, verifier: Verifier, now: number, checkedBy?: CheckedBy): Claims | undefined {
    const entry = this.#entryOf(token, hashAt(token, 1) & KEY_MASK, hashAt(token, 1 + HASHED));
    if (entry === undefined) return undefined;
    const { validity, claims } = entry;
    if (validity.verifier !== verifier || now < validity.from || now >= validity.until) return undefined;
    if (checkedBy !== undefined && validity.checkedBy !== checkedBy) return undefined;
    entry.isUsed = true;
    return typeof claims === "string" ? this.#readClaims(claims) : claims;
  }

  /** Stores a token with its claims, a JSON text, and returns the claims for the caller. */
  add(token: string, text: string, validity: Validity): Claims {
    const claims = this.#readClaims(text);
    const stored = this.#claimsMode === "frozen" ? deepFreeze(claims) : text;
    const key = hashAt(token, 1) & KEY_MASK;
    const check = hashAt(token, 1 + HASHED);
    const known = this.#entryOf(token, key, check);
    if (known !== undefined) Object.assign(known, { validity, claims: stored });
    else this.#insert({ token, key, check, claims: stored, validity, isUsed: false, next: undefined });
    return claims;
  }

  #entryOf(token: string, key: number, check: number): Entry | undefined {
    let entry = this.#byKey.get(key);
    while (entry !== undefined && (entry.check !== check || entry.token !== token)) entry = entry.next;
    return entry;
  }

  #insert(entry: Entry): void {
    const position = this.#circle.length < this.#size ? this.#circle.length : this.#dropUnused();
    this.#circle[position] = entry;
    entry.next = this.#byKey.get(entry.key);
    this.#byKey.set(entry.key, entry);
  }

  /** Drops the first unused entry from the hand on, and returns its position. */
  #dropUnused(): number {
    for (;;) {
      const position = this.#hand;
      const entry = this.#circle[position]!;
      this.#hand = (position + 1) % this.#size;
      if (!entry.isUsed) {
        this.#unlink(entry);
        return position;
      }
      entry.isUsed = false;
    }
  }

  #unlink(entry: Entry): void {
    const first = this.#byKey.get(entry.key)!;
    if (first !== entry) {
      let before = first;
      while (before.next !== entry) before = before.next!;
      before.next = entry.next;
    } else if (entry.next !== undefined) {
      this.#byKey.set(entry.key, entry.next);
    } else {
      this.#byKey.delete(entry.key);
    }
  }
}

/**
 * A number from characters of a token's signature, the first at `distance` from the end. The last character, whose unused bits are
 * zero, is left out.
 */
function hashAt(token: string, distance: number): number {
  const end = token.length - distance;
  let hash = 0;
  for (let index = end - HASHED; index < end; index += 1) hash = Math.imul(hash, FACTOR) + token.charCodeAt(index);
  return hash | 0;
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
