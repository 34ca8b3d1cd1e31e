/** The sources of key sets: the issuers of a history, and caches in front of them. Each response is an {@link Answer}. */

/**
 * @typedef {object} Answer
 * @property {string} etag
 * @property {string} text The key set.
 * @property {string[]} kids The ids of its keys.
 * @property {number} maxAge Of `Cache-Control`, in seconds.
 * @property {number} [age] Of `Age`, in seconds: the time in caches.
 */

/** The issuers, behind a load balancer. */
export class Issuers {
  /** The number of caches between verifier and issuer. */
  caches = 0;
  #time;
  #random;
  #sets = new Map();
  #latest = [];

  constructor(time, random) {
    this.#time = time;
    this.#random = random;
  }

  /** Applies a line of a history. */
  learn(line) {
    if (line.event === "key_set") {
      this.#sets.set(line.etag, { text: JSON.stringify(line.key_set), kids: line.key_set.keys.map(({ kid }) => kid) });
    } else {
      this.#latest[line.node] = line;
    }
  }

  /** The current response of an issuer, from its view of the keys. */
  answer() {
    const { etag, at, max_age: maxAge } = this.#random.pick(this.#latest);
    const since = Math.ceil(this.#time.now / 1000 - at);
    return { etag, ...this.#sets.get(etag), maxAge: Math.max(0, maxAge - since) };
  }

  /** Whether it is reachable, and since when. */
  reachableSince() {
    return -Infinity;
  }
}

/** A shared cache that follows `Cache-Control` (RFC 9111 §4.2), with its own connection to its source. */
export class Cache {
  #time;
  #behind;
  #line;
  #stored;

  constructor(time, behind, line) {
    this.#time = time;
    this.#behind = behind;
    this.#line = line;
    this.caches = behind.caches + 1;
  }

  /** `undefined` is a 504: it has no fresh copy, and its source is unreachable. */
  answer() {
    if (this.#stored === undefined || this.#age() >= this.#stored.maxAge) this.#fetch();
    return this.#stored && { ...this.#stored, age: this.#age() };
  }

  reachableSince() {
    return Math.max(this.#line.upSince(), this.#behind.reachableSince());
  }

  #age() {
    return this.#stored.age + Math.floor((this.#time.now - this.#stored.askedAt) / 1000);
  }

  #fetch() {
    const answer = this.#line.isUp() ? this.#behind.answer() : undefined;
    this.#stored = answer && { age: 0, ...answer, askedAt: this.#time.now };
  }
}
