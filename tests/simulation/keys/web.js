/** A verifier's connection to the key set: a `fetch` with latency and outages. */

/** The fraction of outages that fail at once instead of timing out. */
const REFUSED = 0.5;

/** The machines of caches and issuers, which never sleep. */
const ANYBODY = { isAsleep: () => false };

export class Web {
  #time;
  #random;
  #machine;
  #line;
  #from;
  #delay;

  constructor({ time, random, machine, line, from, delay }) {
    this.#time = time;
    this.#random = random;
    this.#machine = machine;
    this.#line = line;
    this.#from = from;
    this.#delay = delay;
  }

  /** Since when every request succeeds; `Infinity` during an outage. */
  reachableSince() {
    return Math.max(this.#line.upSince(), this.#from.reachableSince());
  }

  /** A `fetch` that writes its result to `record`. */
  fetchFor(record) {
    return (_url, { headers, signal }) => this.#fetch(record, new Headers(headers).get("if-none-match"), signal);
  }

  #fetch(record, known, signal) {
    return new Promise((resolve, reject) => {
      const askedAt = this.#time.now;
      let isOver = false;
      const end = (act) => {
        if (isOver) return;
        isOver = true;
        act();
      };
      const fail = (error) => end(() => (record.failed(), reject(error)));
      const come = (answer) => {
        if (answer === undefined) record.failed();
        else record.came(answer, askedAt);
        resolve(answer === undefined ? new Response("", { status: 504 }) : response(answer, known));
      };
      signal.addEventListener("abort", () => fail(signal.reason), { once: true });
      if (!this.#line.isUp() && this.#random.chance(REFUSED)) return fail(new TypeError("fetch failed"));
      this.#ask((answer) => end(() => come(answer)));
    });
  }

  /** In an outage there is no response: the verifier times out. */
  #ask(come) {
    const way = () => this.#random.between(...this.#delay) / 2;
    this.#time.after(way(), ANYBODY, () => {
      if (!this.#line.isUp()) return;
      const answer = this.#from.answer();
      this.#time.after(way(), this.#machine, () => this.#line.isUp() && come(answer));
    });
  }
}

function response({ etag, text, maxAge, age }, known) {
  const headers = { "content-type": "application/json", "cache-control": `public, max-age=${maxAge}`, etag };
  if (age !== undefined) headers.age = String(age);
  return known === etag ? new Response(null, { status: 304, headers }) : new Response(text, { status: 200, headers });
}
