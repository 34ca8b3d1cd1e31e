/** The verifiers of a history: their kinds, and the object that a history calls. */

import { Line } from "./line.js";
import { Machine } from "./time.js";
import { Record } from "./record.js";
import { Web } from "./web.js";

const URL_OF_KEYS = "https://auth.example/.well-known/jwks.json";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The duration of a request in milliseconds; the package times out after five seconds. */
const QUICK = [10, 400];
const SLOW = [200, 4_900];

/** The log-uniform duration of a sleep: from one minute to ten hours. */
const SLEEP = [Math.log(MINUTE), Math.log(10 * HOUR)];

/**
 * What verifiers are like: `calls` is how often one is called when something happens, `sleeps` and `restarts` how often that is
 * followed by it, `from` where it gets key sets. What is not said is the ordinary.
 */
export const KINDS = [
  { name: "steady" },
  { name: "steady, with a cache of tokens", options: { cache: true } },
  { name: "seldom called", calls: 0.03 },
  { name: "asleep for hours", sleeps: 0.05 },
  { name: "asleep for hours, far away", sleeps: 0.05, delay: SLOW },
  { name: "far away", delay: SLOW },
  { name: "with a line that is lost", isSteady: false },
  { name: "with a line that is lost, alone for ten minutes", isSteady: false, options: { maxStale: 600 } },
  { name: "with a line that is lost, never alone", isSteady: false, options: { maxStale: 0 } },
  { name: "with a clock that is set", isSet: true },
  { name: "restarted often", restarts: 0.05 },
  { name: "restarted from a snapshot", restarts: 0.3, hasSnapshot: true },
  { name: "restarted from a snapshot, with a line that is lost", restarts: 0.3, hasSnapshot: true, isSteady: false },
  { name: "without promises", isSync: true },
  { name: "without promises, asleep for hours", isSync: true, sleeps: 0.05 },
  { name: "behind a cache", from: "cache" },
  { name: "behind a cache, seldom called", from: "cache", calls: 0.1 },
  { name: "behind a cache with a line that is lost", from: "cacheWithLosses" },
  { name: "behind two caches", from: "twoCaches" },
];

/** A verifier of the package on its own machine. */
export class Subject {
  #createVerifier;
  #verifier;
  #random;
  #time;
  #web;
  #startsAt;
  #snapshot;
  #counts;
  #underWay = 0;

  constructor(kind, { time, random, sources, createVerifier, policy, counts }) {
    const { name, from = "issuers", delay = QUICK, isSteady = true, isSet = false, options } = kind;
    this.kind = kind;
    this.name = name;
    this.caches = sources[from].caches;
    /** Milliseconds for which it uses stale keys while the issuer is unreachable. */
    this.maxStale = (options?.maxStale ?? 3600) * SECOND;
    this.policy = { ...policy, leeway: random.pick([0, 60]) };
    this.machine = new Machine(time, isSet ? 0 : random.between(-20, 20) * SECOND);
    this.#startsAt = time.now + (random.chance(0.5) ? 0 : random.between(0, 3 * 24) * HOUR);
    this.#time = time;
    this.#random = random;
    this.#createVerifier = createVerifier;
    this.#counts = counts;
    const line = new Line(time, random, { isSteady });
    this.#web = new Web({ time, random, machine: this.machine, line, from: sources[from], delay });
    this.#start();
  }

  reachableSince() {
    return this.#web.reachableSince();
  }

  /** Whether it is called now. Some start later. */
  isDue() {
    return this.#time.now >= this.#startsAt && !this.machine.isAsleep() && this.#random.chance(this.kind.calls ?? 1);
  }

  /** Its answer to a token: "good", or the code of the refusal. */
  async ask(token) {
    this.#underWay += 1;
    try {
      await (this.kind.isSync ? this.#verifier.verifySync(token) : this.#verifier.verify(token));
      return "good";
    } catch (error) {
      return error.code ?? error.stack;
    } finally {
      this.#underWay -= 1;
    }
  }

  /** The events of its machine after a call. */
  liveOn() {
    const { sleeps = 0, restarts = 0, hasSnapshot, isSet } = this.kind;
    if (this.#random.chance(sleeps)) this.machine.sleep(Math.exp(this.#random.between(...SLEEP)));
    if (isSet && this.#random.chance(0.02)) this.machine.set(this.#random.pick([0, this.#random.between(-72, 72) * HOUR]));
    if (hasSnapshot) this.#keepSnapshot();
    if (this.#underWay === 0 && this.#random.chance(restarts)) this.#start();
  }

  #keepSnapshot() {
    const keys = this.#verifier.exportKeys();
    if (keys !== undefined) this.#snapshot = { text: JSON.stringify(keys), newest: this.record.newest };
  }

  #start() {
    const { text = "null", newest } = this.#snapshot ?? {};
    this.#counts.starts += 1;
    this.record = new Record(this.#time, this.#counts, newest);
    this.#verifier = this.#createVerifier({
      ...this.policy,
      jwks: URL_OF_KEYS,
      fetch: this.#web.fetchFor(this.record),
      // What this is about are keys: by its own clock a machine that is set wrong would find all tokens expired.
      now: () => this.#time.now / 1000,
      snapshot: JSON.parse(text),
      ...this.kind.options,
    });
  }
}
