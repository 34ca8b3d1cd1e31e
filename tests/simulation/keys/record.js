/** The fetches of a verifier as the network saw them: the judge uses this record, not the verifier's own state. */

/** The package's minimum freshness of a key set, in milliseconds (`freshness.ts`); a cached copy may have less. */
const SHORTEST = 30_000;

export class Record {
  /** The newest set: its `kids`, when it was requested, and when it becomes stale. */
  newest;
  /** When the last fetch failed, if none has succeeded since. */
  failedAt;
  #time;
  #counts;

  /** An initial set comes from a snapshot. */
  constructor(time, counts, newest) {
    this.#time = time;
    this.#counts = counts;
    this.newest = newest;
  }

  came({ kids, maxAge, age = 0 }, askedAt) {
    this.#counts.fetches += 1;
    this.failedAt = undefined;
    // A superseded fetch does not count.
    if (this.newest !== undefined && askedAt < this.newest.askedAt) return;
    this.newest = { kids, askedAt, freshUntil: askedAt + lifeOf((maxAge - age) * 1000, age) };
  }

  failed() {
    this.#counts.failures += 1;
    this.failedAt = this.#time.now;
  }
}

function lifeOf(left, age) {
  return age > 0 && left > 0 ? left : Math.max(left, SHORTEST);
}
