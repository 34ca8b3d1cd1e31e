/** Where a verifier's keys come from: handed over, or fetched from the issuer and kept. */

import type { Verifier } from "../wasm/hallpass.js";
import { HallpassError } from "./error.js";
import { instanceNumber, inWasm } from "./instance.js";
import { fetchKeySet } from "./key-fetch.js";
import type { FetchFunction, Keys, Policy } from "./options.js";

/**
 * Milliseconds after which `verify` fetches keys again: so long may a withdrawn key live on where it is called. `verifySync`
 * takes the keys that are there, however old.
 */
const MAX_AGE = 5 * 60_000;

/**
 * Milliseconds from a fetch that was for an unknown `kid`, or that failed, to the next one of these kinds. Without it
 * anybody could flood the issuer through the verifier, with made-up `kid`s.
 */
const COOL_DOWN = 30_000;

/** Milliseconds after which a fetch without an outcome counts as given up; longer than a fetch may take. */
const LEASE = 6_000;

/** Milliseconds between two looks at how another request's fetch is getting on. */
const LOOK = 10;

/** Holds the wasm verifier that is bound to the newest keys. */
export interface KeySource {
  /** The verifier for the keys that are there. Throws `ERR_KEYS_NOT_LOADED` if there are none. */
  current(): Verifier;
  /** Sees to it that there are keys, and that they are not too old; nothing to wait for where that is so already. */
  load(): Promise<void> | undefined;
  /** Fetches keys because a `kid` was not found, and says whether there are newer ones now. */
  reload(): Promise<boolean>;
}

/** A source for one issuer under one policy; keys that were handed over never change. */
export function keySource(policy: Policy, name: string | null, keys: Keys, fetch: FetchFunction): KeySource {
  const bind: Bind = (bound) => new BoundVerifier(policy, [name], bound);
  if (keys instanceof URL) return new RemoteKeys(bind, keys, fetch);
  // A copy, where `slice` of a Buffer would be a view: whoever wipes theirs must not change ours.
  return new GivenKeys(bind(keys instanceof Uint8Array ? new Uint8Array(keys) : JSON.stringify(keys)));
}

/** A wasm verifier for a policy, and issuers that all have the same keys; made again in another instance of the module. */
export class BoundVerifier {
  readonly #policy: Policy;
  readonly #names: (string | null)[];
  readonly #keys: WasmKeys;
  #verifier: Verifier | undefined;
  #instance = -1;

  constructor(policy: Policy, names: (string | null)[], keys: WasmKeys) {
    this.#policy = policy;
    this.#names = names;
    this.#keys = keys;
  }

  /** @throws {@link HallpassError} `ERR_KEY_SET_INVALID` */
  get(): Verifier {
    if (this.#verifier === undefined || this.#instance !== instanceNumber()) {
      this.#verifier = this.#bind();
      this.#instance = instanceNumber();
    }
    return this.#verifier;
  }

  /** Gives its memory back, which would wait for the garbage collector otherwise. */
  free(): void {
    if (this.#instance === instanceNumber()) this.#verifier?.free();
    this.#verifier = undefined;
  }

  #bind(): Verifier {
    const { audiences, leeway, maxTokenAge, requiredClaims, types } = this.#policy;
    return inWasm((wasm) => {
      const verifier = new wasm.Verifier(audiences, leeway, maxTokenAge, requiredClaims, types);
      for (const name of this.#names) {
        if (typeof this.#keys === "string") verifier.addKeySet(name, this.#keys);
        else verifier.addSecret(name, this.#keys);
      }
      return verifier;
    });
  }
}

/** Keys as the wasm module takes them: the text of a key set, or a secret. */
type WasmKeys = string | Uint8Array;

/** Makes the verifier that is bound to the keys. */
type Bind = (keys: WasmKeys) => BoundVerifier;

class GivenKeys implements KeySource {
  readonly #bound: BoundVerifier;

  constructor(bound: BoundVerifier) {
    this.#bound = bound;
  }

  current(): Verifier {
    return this.#bound.get();
  }

  load(): undefined {}

  async reload(): Promise<boolean> {
    return false;
  }
}

/** One fetch, as the requests that wait for it see it. */
interface Attempt {
  readonly startedAt: number;
  done: boolean;
  failure?: unknown;
}

/**
 * Keys that are fetched, by one request at a time. No promise is shared between requests: in workerd one of them must
 * not await what another has begun, which ends with it. The others look again, each on a timer of its own.
 */
class RemoteKeys implements KeySource {
  readonly #bind: Bind;
  readonly #url: URL;
  readonly #fetch: FetchFunction;
  #bound: BoundVerifier | undefined;
  #keySet: string | undefined;
  #running: Attempt | undefined;
  #fetchedAt = -Infinity;
  #failedAt = -Infinity;
  #reloadedAt = -Infinity;

  constructor(bind: Bind, url: URL, fetch: FetchFunction) {
    this.#bind = bind;
    this.#url = url;
    this.#fetch = fetch;
  }

  current(): Verifier {
    if (this.#bound !== undefined) return this.#bound.get();
    throw new HallpassError("ERR_KEYS_NOT_LOADED", "the issuer's keys have not been fetched yet: call `verify` first");
  }

  load(): Promise<void> | undefined {
    if (this.#bound === undefined) return this.#loadFirst();
    const isDue = hasPassed(MAX_AGE, this.#fetchedAt) && hasPassed(COOL_DOWN, this.#failedAt) && !this.#isBusy();
    return isDue ? this.#loadAgain() : undefined;
  }

  async #loadFirst(): Promise<void> {
    const { failure } = await this.#attempt();
    if (this.#bound === undefined) throw failure;
  }

  /** Old keys serve on when this fails: an issuer that is down harms nobody who holds a token. */
  async #loadAgain(): Promise<void> {
    await this.#attempt();
  }

  async reload(): Promise<boolean> {
    const before = this.#bound;
    if (!this.#isBusy()) {
      if (!hasPassed(COOL_DOWN, this.#failedAt) || !hasPassed(COOL_DOWN, this.#reloadedAt)) return false;
      this.#reloadedAt = Date.now();
    }
    await this.#attempt();
    return this.#bound !== before;
  }

  /** Waits for the fetch that is under way, or makes one. */
  async #attempt(): Promise<Attempt> {
    while (this.#running !== undefined) {
      const other = this.#running;
      while (!other.done && this.#isBusy()) await pause(LOOK);
      if (other.done) return other;
      if (this.#running === other) this.#running = undefined;
    }
    const own: Attempt = { startedAt: Date.now(), done: false };
    this.#running = own;
    await this.#run(own);
    return own;
  }

  async #run(attempt: Attempt): Promise<void> {
    try {
      const keySet = await fetchKeySet(this.#url, this.#fetch);
      // The same keys again: what was prepared for them, and verified with them, stays good.
      if (keySet !== this.#keySet) this.#replace(this.#bind(keySet), keySet);
      this.#fetchedAt = Date.now();
      this.#failedAt = -Infinity;
    } catch (failure) {
      attempt.failure = failure;
      this.#failedAt = Date.now();
    }
    attempt.done = true;
    if (this.#running === attempt) this.#running = undefined;
  }

  #replace(bound: BoundVerifier, keySet: string): void {
    // A set that cannot be used does not take the place of one that can.
    bound.get();
    const former = this.#bound;
    this.#bound = bound;
    this.#keySet = keySet;
    former?.free();
  }

  #isBusy(): boolean {
    return this.#running !== undefined && !hasPassed(LEASE, this.#running.startedAt);
  }
}

/** Whether so many milliseconds have passed; a clock that jumped, either way, counts as time passed. */
function hasPassed(period: number, since: number): boolean {
  return Math.abs(Date.now() - since) >= period;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
