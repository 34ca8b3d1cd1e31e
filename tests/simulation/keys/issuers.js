/** Where key sets come from: the issuers of a history, and caches before them. What each answers has the shape of {@link Answer}. */

/**
 * @typedef {object} Answer
 * @property {string} etag
 * @property {string} text The key set.
 * @property {string[]} kids Whose keys are in it.
 * @property {number} maxAge Of `Cache-Control`, in seconds.
 * @property {number} [age] Of `Age`, in seconds: how long it has lain in caches.
 */

/** The issuers, behind a balancer that sends a request to any of them. */
export class Issuers {
  /** How many caches lie on the way. */
  caches = 0;
  #time;
  #random;
  #sets = new Map();
  #latest = [];

  constructor(time, random) {
    this.#time = time;
    this.#random = random;
  }

  /** Takes a line of a history. */
  learn(line) {
    if (line.event === "key_set") {
      this.#sets.set(line.etag, { text: JSON.stringify(line.key_set), kids: line.key_set.keys.map(({ kid }) => kid) });
    } else {
      this.#latest[line.node] = line;
    }
  }

  /** What an issuer answers now. What it said a while ago is that much older. */
  answer() {
    const { etag, at, max_age: maxAge } = this.#random.pick(this.#latest);
    const since = Math.ceil(this.#time.now / 1000 - at);
    return { etag, ...this.#sets.get(etag), maxAge: Math.max(0, maxAge - since) };
  }

  /** Whether it can be reached, and since when. */
  reachableSince() {
    return -Infinity;
  }
}

/** A shared cache that keeps to `Cache-Control` (RFC 9111 §4.2), and reaches what is behind it over a line of its own. */
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

  /** `undefined` is a 504: it has nothing fresh, and cannot get it. */
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
