/** Keys that are fetched from the issuer, kept, and fetched again in time. */

import type { Verifier } from "../wasm/hallpass.js";
import { BackOff } from "./back-off.js";
import type { BoundVerifier } from "./bound-verifier.js";
import { millisecondsSince, moment, type Moment } from "./elapsed.js";
import { HallpassError } from "./error.js";
import { fetchKeySet, placeOf, type Answer } from "./key-fetch.js";
import type { KeySource } from "./key-source.js";
import type { FetchFunction, WaitUntil } from "./options.js";
import { ageOf, savedKeySet, type SavedKeySet } from "./snapshot.js";

/** The part of its life after which a key set is fetched again in the background, so that nobody has to wait for it. */
const AHEAD = 3 / 4;

/**
 * Milliseconds from one fetch for an unknown `kid` to the next. Without it anybody could flood the issuer through the
 * verifier, with made-up `kid`s.
 */
const COOL_DOWN = 30_000;

/** Milliseconds after which a fetch without an outcome counts as given up; longer than a fetch may take. */
const LEASE = 6_000;

/** Milliseconds between two looks at how another request's fetch is getting on: few at first, then more. */
const LOOK = { first: 5, longest: 80 };

/** What keys are fetched by. */
export interface RemoteSettings {
  readonly url: string;
  readonly issuer: string | null;
  readonly fetch: FetchFunction;
  /** Milliseconds for which keys serve on when they are no longer fresh and cannot be fetched. */
  readonly maxStale: number;
  readonly waitUntil: WaitUntil | undefined;
  readonly saved: SavedKeySet | undefined;
}

/** Keys in use, with what the server said of them. */
interface Held extends Answer {
  readonly bound: BoundVerifier;
  /** When they were asked for: they are at least that new. */
  readonly since: Moment;
}

/** One fetch, as the requests that wait for it see it. */
interface Attempt {
  readonly number: number;
  readonly startedAt: Moment;
  done: boolean;
  failure?: unknown;
}

/**
 * Keys that are fetched, by one request at a time. No promise is shared between requests: in workerd one of them must
 * not await what another has begun, which ends with it. The others look again, each on a timer of its own, and take over
 * when the lease has run out.
 */
export class RemoteKeys implements KeySource {
  readonly #bind: (keySet: string) => BoundVerifier;
  readonly #settings: RemoteSettings;
  readonly #backOff = new BackOff();
  #saved: SavedKeySet | undefined;
  #held: Held | undefined;
  #running: Attempt | undefined;
  #begun = 0;
  #taken = 0;
  #soughtAt: Moment | undefined;

  constructor(bind: (keySet: string) => BoundVerifier, settings: RemoteSettings) {
    this.#bind = bind;
    this.#settings = settings;
    this.#saved = settings.saved;
  }

  current(): Verifier {
    const held = this.#known();
    if (held !== undefined) return held.bound.get();
    throw new HallpassError("ERR_KEYS_NOT_LOADED", "the issuer's keys have not been fetched yet: call `verify` first");
  }

  atOnce(): Verifier {
    const held = this.#known();
    const age = held === undefined ? Infinity : millisecondsSince(held.since);
    if (held === undefined || age >= held.freshFor * AHEAD) this.#refreshBehind();
    if (held !== undefined && !this.#mayServe(held, age)) throw this.#tooOld();
    return this.current();
  }

  load(waitUntil?: WaitUntil): Promise<void> | undefined {
    const held = this.#known();
    if (held === undefined) return this.#loadFirst();
    const age = millisecondsSince(held.since);
    if (age < held.freshFor * AHEAD) return undefined;
    if (age >= held.freshFor && this.#mustWait(held, age)) return this.#loadAgain();
    this.#refreshBehind(waitUntil);
    return undefined;
  }

  async reload(): Promise<boolean> {
    const before = this.#held?.bound;
    if (!this.#isBusy() && !this.#beginsSearch()) return false;
    await this.#attempt();
    return this.#held?.bound !== before;
  }

  reloadBehind(): void {
    if (!this.#isBusy() && this.#beginsSearch()) this.#refreshBehind();
  }

  saved(): SavedKeySet | undefined {
    const held = this.#known();
    return held && savedKeySet(this.#settings, held, millisecondsSince(held.since));
  }

  /** The keys that are there; those of a snapshot are looked at only now, since at import no clock goes in workerd. */
  #known(): Held | undefined {
    if (this.#saved !== undefined) this.#restore(this.#saved);
    return this.#held;
  }

  #restore(saved: SavedKeySet): void {
    this.#saved = undefined;
    const { keySet: text, etag } = saved;
    const { age, freshFor } = ageOf(saved);
    const bound = this.#bind(text);
    try {
      bound.get();
      this.#held = { text, etag, freshFor, bound, since: moment(age) };
    } catch (error) {
      // What cannot be read is as good as no snapshot.
      if (!(error instanceof HallpassError) || error.code !== "ERR_KEY_SET_INVALID") throw error;
    }
  }

  /** Whether an unknown `kid` may be looked for at the issuer now; then it is this cool-down's one. */
  #beginsSearch(): boolean {
    const isCooling = this.#soughtAt !== undefined && millisecondsSince(this.#soughtAt) < COOL_DOWN;
    if (isCooling || this.#backOff.isWaiting()) return false;
    this.#soughtAt = moment();
    return true;
  }

  async #loadFirst(): Promise<void> {
    if (!this.#isBusy() && this.#backOff.isWaiting()) throw this.#backOff.failure;
    const { failure } = await this.#attempt();
    if (this.#held === undefined) throw failure;
    if (this.#cameLate()) await this.#loadAgain();
  }

  /** Old keys serve on for a while when this fails: an issuer that is down harms nobody who holds a token. */
  async #loadAgain(): Promise<void> {
    if (this.#isBusy() || !this.#backOff.isWaiting()) await this.#attempt();
    if (this.#cameLate()) await this.#attempt();
    if (!this.#mayServe(this.#held!)) throw this.#tooOld();
  }

  /**
   * Whether the fetch that came through last brought keys that are not fresh any more: the machine slept while it was under
   * way, or its clock was set.
   */
  #cameLate(): boolean {
    const { since, freshFor } = this.#held!;
    return this.#backOff.failure === undefined && millisecondsSince(since) >= freshFor;
  }

  #mayServe({ since, freshFor }: Held, age = millisecondsSince(since)): boolean {
    return age < freshFor + this.#settings.maxStale;
  }

  /**
   * Whether a verification must wait for newer keys, when these are not fresh. Not once the issuer has failed since then:
   * it may be silent again for seconds. But do wait where nobody saw the end of the last fetch: it was begun in the
   * background of a request that had been answered, and the same might happen to the next.
   */
  #mustWait(held: Held, age: number): boolean {
    if (!this.#mayServe(held, age) || this.#wasAbandoned()) return true;
    return !this.#backOff.hasFailedWithin(age - held.freshFor);
  }

  #tooOld(): HallpassError {
    const cause = this.#backOff.failure;
    const message = `the keys at ${placeOf(this.#settings.url)} were fetched too long ago to be trusted`;
    if (cause === undefined) return new HallpassError("ERR_KEYS_NOT_LOADED", `${message}: call \`verify\``);
    return new HallpassError("ERR_KEYS_UNREACHABLE", `${message}, and cannot be fetched`, { cause });
  }

  /** Fetches and lets nobody wait. What it was begun in may end before it does; then the lease runs out. */
  #refreshBehind(waitUntil: WaitUntil | undefined = this.#settings.waitUntil): void {
    if (this.#isBusy() || this.#backOff.isWaiting()) return;
    const refresh = this.#begin();
    try {
      waitUntil?.(refresh);
    } catch {
      // Outside a request there is nothing to prolong. The token is good or bad whatever becomes of this.
    }
  }

  /** Waits for the fetch that is under way, or for the one that took its place, or makes one. */
  async #attempt(): Promise<Attempt> {
    for (let look = LOOK.first; this.#isBusy(); look = Math.min(look * 2, LOOK.longest)) {
      await pause(look);
      if (this.#running?.done) return this.#running;
    }
    return this.#begin();
  }

  async #begin(): Promise<Attempt> {
    const own: Attempt = { number: (this.#begun += 1), startedAt: moment(), done: false };
    this.#running = own;
    const { url, fetch } = this.#settings;
    try {
      this.#take(await fetchKeySet(url, fetch, this.#held), own);
      this.#backOff.succeed();
    } catch (failure) {
      own.failure = failure;
      this.#backOff.fail(failure);
    }
    own.done = true;
    return own;
  }

  #take(answer: Answer, { number, startedAt }: Attempt): void {
    // One that was given up, and came after all, must not bring back keys that have gone since.
    if (number < this.#taken) return;
    const former = this.#held;
    // The same keys again: what was prepared for them, and verified with them, stays good.
    const bound = former?.text === answer.text ? former.bound : this.#bind(answer.text);
    // A set that cannot be used does not take the place of one that can.
    bound.get();
    this.#taken = number;
    this.#held = { ...answer, bound, since: startedAt };
    if (former?.bound !== bound) former?.bound.free();
  }

  #isBusy(): boolean {
    return this.#running?.done === false && !this.#wasAbandoned();
  }

  #wasAbandoned(): boolean {
    return this.#running?.done === false && millisecondsSince(this.#running.startedAt) >= LEASE;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
