/** What came to a verifier and what failed, as the network saw it: the judge goes by this, and not by the verifier's own words. */

/** The package's least life of a key set, in milliseconds (`freshness.ts`); a cache's copy may have less left. */
const SHORTEST = 30_000;

export class Record {
  /** The newest set: `kids`, when it was asked for, and when it is no longer fresh. */
  newest;
  /** When the last fetch failed, where none has come through since. */
  failedAt;
  #time;
  #counts;

  /** What begins with a set has it from a snapshot. */
  constructor(time, counts, newest) {
    this.#time = time;
    this.#counts = counts;
    this.newest = newest;
  }

  came({ kids, maxAge, age = 0 }, askedAt) {
    this.#counts.fetches += 1;
    this.failedAt = undefined;
    // One that was overtaken counts no more.
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
