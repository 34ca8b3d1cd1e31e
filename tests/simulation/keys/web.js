/** A verifier's way to the key set: a `fetch` over a line that takes its time and can be lost at any moment. */

/** How often a line that is lost shows at once, and not by silence. */
const REFUSED = 0.5;

/** The machines of others: never asleep, and nothing of ours runs on them. */
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

  /** Since when every request has come through; `Infinity` where none does. */
  reachableSince() {
    return Math.max(this.#line.upSince(), this.#from.reachableSince());
  }

  /** A `fetch` that tells `record` how it ends. */
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

  /** Where the line is lost on the way, nothing comes: the verifier's own time-out is what is left. */
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
