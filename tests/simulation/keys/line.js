/** A connection with outages. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The durations of connections and of outages; the latter are log-uniform, from two minutes to three days. */
const UP = [HOUR, 40 * HOUR];
const LOST = [Math.log(2 * MINUTE), Math.log(72 * HOUR)];

export class Line {
  #time;
  #random;
  #isUp = true;
  #since = -Infinity;
  #until;

  /** With `isSteady` there are no outages. */
  constructor(time, random, { isSteady = true } = {}) {
    this.#time = time;
    this.#random = random;
    this.#until = isSteady ? Infinity : time.now + random.between(...UP);
  }

  isUp() {
    this.#goOn();
    return this.#isUp;
  }

  /** Since when it is up; `Infinity` during an outage. */
  upSince() {
    return this.isUp() ? this.#since : Infinity;
  }

  #goOn() {
    while (this.#time.now >= this.#until) {
      this.#isUp = !this.#isUp;
      this.#since = this.#until;
      this.#until += this.#isUp ? this.#random.between(...UP) : Math.exp(this.#random.between(...LOST));
    }
  }
}
