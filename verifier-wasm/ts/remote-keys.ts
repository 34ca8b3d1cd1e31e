/** Fetches the issuer's keys, and refreshes them before they expire. */

import type { Verifier } from "../wasm/hallpass.js";
import { BackOff } from "./back-off.js";
import type { BoundVerifier } from "./bound-verifier.js";
import { millisecondsSince, moment, type Moment } from "./elapsed.js";
import { HallpassError } from "./error.js";
import { withoutQuery, type FetchedKeySet } from "./key-fetch.js";
import type { KeySource } from "./key-source.js";
import type { WaitUntil } from "./options.js";
import { ageOf, savedKeySet, type SavedKeySet } from "./snapshot.js";

/** The fraction of its freshness after which a key set is refreshed in the background, so that no request has to wait. */
const REFRESH_AFTER = 3 / 4;

/**
 * Minimum milliseconds between two fetches for unknown `kid`s. Without it, an attacker could flood the issuer through the
 * verifier with invented `kid`s.
 */
const COOL_DOWN = 30_000;

/** Milliseconds after which a fetch without a result counts as abandoned; longer than a fetch may take. */
const LEASE = 6_000;

/** Milliseconds before the first poll of another request's fetch; each further delay is twice as long. */
const MIN_POLL = 5;

/** Maximum milliseconds between two polls. */
const MAX_POLL = 80;

/** The settings of one issuer's fetches. */
export interface RemoteSettings {
  /** The URL of the key set, or of the issuer's metadata. */
  readonly url: string;
  readonly issuer: string | null;
  /** Fetches the key set, or confirms the previous one. Rejects with `ERR_KEYS_UNREACHABLE`. */
  readonly fetchKeySet: (previous?: FetchedKeySet) => Promise<FetchedKeySet>;
  /** Milliseconds for which keys that are no longer fresh are used if they cannot be fetched. */
  readonly maxStale: number;
  readonly waitUntil: WaitUntil | undefined;
  readonly saved: SavedKeySet | undefined;
}

/** The keys in use, with the data of their response. */
interface CurrentKeys extends FetchedKeySet {
  readonly bound: BoundVerifier;
  /** When they were requested: they are at least that new. */
  readonly requestedAt: Moment;
}

/** One fetch, which several requests may poll. */
interface FetchAttempt {
  readonly number: number;
  readonly startedAt: Moment;
  done: boolean;
  failure?: unknown;
}

/**
 * Fetches keys, one request at a time. Requests do not share a promise: in workerd, a request must not await a fetch of another
 * request, because the fetch ends with that request. The others poll, each with its own timer, and one takes over when the lease
 * expires.
 */
export class RemoteKeys implements KeySource {
  readonly #bind: (keySet: string) => BoundVerifier;
  readonly #settings: RemoteSettings;
  readonly #backOff = new BackOff();
  #snapshot: SavedKeySet | undefined;
  #keys: CurrentKeys | undefined;
  #running: FetchAttempt | undefined;
  #attempts = 0;
  #acceptedAttempt = 0;
  #unknownKeyFetchAt: Moment | undefined;

  constructor(bind: (keySet: string) => BoundVerifier, settings: RemoteSettings) {
    this.#bind = bind;
    this.#settings = settings;
    this.#snapshot = settings.saved;
  }

  verifier(): Verifier {
    const keys = this.#currentKeys();
    if (keys !== undefined) return keys.bound.get();
    throw new HallpassError("ERR_KEYS_NOT_LOADED", "the issuer's keys are not fetched yet: call `verify` first");
  }

  verifierSync(): Verifier {
    const keys = this.#currentKeys();
    const age = keys === undefined ? Infinity : millisecondsSince(keys.requestedAt);
    if (keys === undefined || age >= keys.freshFor * REFRESH_AFTER) this.#startRefresh();
    if (keys !== undefined && !this.#isUsable(keys, age)) throw this.#tooOldError();
    return this.verifier();
  }

  ensureKeys(waitUntil?: WaitUntil): Promise<void> | undefined {
    const keys = this.#currentKeys();
    if (keys === undefined) return this.#fetchFirst();
    const age = millisecondsSince(keys.requestedAt);
    if (age < keys.freshFor * REFRESH_AFTER) return undefined;
    if (age >= keys.freshFor && this.#mustWait(keys, age)) return this.#waitForRefresh();
    this.#startRefresh(waitUntil);
    return undefined;
  }

  async refresh(): Promise<boolean> {
    const before = this.#keys?.bound;
    if (!this.#isFetching() && !this.#claimUnknownKeyFetch()) return false;
    await this.#fetchOrWait();
    return this.#keys?.bound !== before;
  }

  refreshInBackground(): void {
    if (!this.#isFetching() && this.#claimUnknownKeyFetch()) this.#startRefresh();
  }

  latest(): Verifier | undefined {
    return this.#currentKeys()?.bound.get();
  }

  saved(): SavedKeySet | undefined {
    const keys = this.#currentKeys();
    return keys && savedKeySet(this.#settings, keys, millisecondsSince(keys.requestedAt));
  }

  /** The current keys. A snapshot is read only now, because workerd has no clock at import. */
  #currentKeys(): CurrentKeys | undefined {
    if (this.#snapshot !== undefined) this.#restore(this.#snapshot);
    return this.#keys;
  }

  #restore(saved: SavedKeySet): void {
    this.#snapshot = undefined;
    const { keySet: text, etag } = saved;
    const { age, freshFor } = ageOf(saved);
    const bound = this.#bind(text);
    try {
      bound.get();
      this.#keys = { text, etag, freshFor, bound, requestedAt: moment(age) };
    } catch (error) {
      // An unreadable snapshot is ignored.
      if (!(error instanceof HallpassError) || error.code !== "ERR_KEY_SET_INVALID") throw error;
    }
  }

  /** Whether an unknown `kid` may cause a fetch now. If so, it starts the cool-down. */
  #claimUnknownKeyFetch(): boolean {
    const isCooling = this.#unknownKeyFetchAt !== undefined && millisecondsSince(this.#unknownKeyFetchAt) < COOL_DOWN;
    if (isCooling || this.#backOff.isWaiting()) return false;
    this.#unknownKeyFetchAt = moment();
    return true;
  }

  async #fetchFirst(): Promise<void> {
    if (!this.#isFetching() && this.#backOff.isWaiting()) throw this.#backOff.failure;
    const { failure } = await this.#fetchOrWait();
    if (this.#keys === undefined) throw failure;
    if (this.#arrivedStale()) await this.#waitForRefresh();
  }

  /** If the fetch fails, old keys are used for a while: an issuer that is down must not sign users out. */
  async #waitForRefresh(): Promise<void> {
    if (this.#isFetching() || !this.#backOff.isWaiting()) await this.#fetchOrWait();
    if (this.#arrivedStale()) await this.#fetchOrWait();
    if (!this.#isUsable(this.#keys!)) throw this.#tooOldError();
  }

  /**
   * Whether the last successful fetch returned keys that are already stale: the machine slept during the fetch, or its clock was
   * set.
   */
  #arrivedStale(): boolean {
    const { requestedAt, freshFor } = this.#keys!;
    return this.#backOff.failure === undefined && millisecondsSince(requestedAt) >= freshFor;
  }

  #isUsable({ requestedAt, freshFor }: CurrentKeys, age = millisecondsSince(requestedAt)): boolean {
    return age < freshFor + this.#settings.maxStale;
  }

  /**
   * Whether a verification must wait for newer keys if these are stale. It does not wait if a fetch has failed since: the next one
   * could take seconds too. It does wait if the last fetch was abandoned: it ran in the background of a request that had ended,
   * and the next background fetch could end the same way.
   */
  #mustWait(keys: CurrentKeys, age: number): boolean {
    if (!this.#isUsable(keys, age) || this.#wasAbandoned()) return true;
    return !this.#backOff.hasFailedWithin(age - keys.freshFor);
  }

  #tooOldError(): HallpassError {
    const cause = this.#backOff.failure;
    const message = `the keys at ${withoutQuery(this.#settings.url)} are too old`;
    if (cause === undefined) return new HallpassError("ERR_KEYS_NOT_LOADED", `${message}: call \`verify\``);
    return new HallpassError("ERR_KEYS_UNREACHABLE", `${message} and cannot be fetched`, { cause });
  }

  /** Starts a fetch without waiting. If its request ends first, the lease expires. */
  #startRefresh(waitUntil: WaitUntil | undefined = this.#settings.waitUntil): void {
    if (this.#isFetching() || this.#backOff.isWaiting()) return;
    const refresh = this.#fetch();
    try {
      waitUntil?.(refresh);
    } catch {
      // Outside a request, `waitUntil` may throw. The token's validity does not depend on it.
    }
  }

  /** Waits for the running fetch or its successor, or starts one. */
  async #fetchOrWait(): Promise<FetchAttempt> {
    for (let delay = MIN_POLL; this.#isFetching(); delay = Math.min(delay * 2, MAX_POLL)) {
      await pause(delay);
      if (this.#running?.done) return this.#running;
    }
    return this.#fetch();
  }

  async #fetch(): Promise<FetchAttempt> {
    const attempt: FetchAttempt = { number: (this.#attempts += 1), startedAt: moment(), done: false };
    this.#running = attempt;
    try {
      this.#accept(await this.#settings.fetchKeySet(this.#keys), attempt);
      this.#backOff.succeed();
    } catch (failure) {
      attempt.failure = failure;
      this.#backOff.fail(failure);
    }
    attempt.done = true;
    return attempt;
  }

  #accept(answer: FetchedKeySet, { number, startedAt }: FetchAttempt): void {
    // A late response of an abandoned fetch must not restore keys that were removed since.
    if (number < this.#acceptedAttempt) return;
    const previous = this.#keys;
    // The keys are unchanged: their prepared tables and cached tokens stay valid.
    const bound = previous?.text === answer.text ? previous.bound : this.#bind(answer.text);
    // Throws for an invalid key set, which must not replace a valid one.
    bound.get();
    this.#acceptedAttempt = number;
    this.#keys = { ...answer, bound, requestedAt: startedAt };
    if (previous?.bound !== bound) previous?.bound.free();
  }

  #isFetching(): boolean {
    return this.#running?.done === false && !this.#wasAbandoned();
  }

  #wasAbandoned(): boolean {
    return this.#running?.done === false && millisecondsSince(this.#running.startedAt) >= LEASE;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
