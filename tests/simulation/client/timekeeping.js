/** The precision of a page's timers and clocks: browsers round, delay and batch them. */

const SECOND = 1_000;
const MINUTE = 60_000;

/** The milliseconds after which a timer fires that was set for `milliseconds` at `now`. */
const TIMERS = {
  exact: (milliseconds) => milliseconds,
  // `setTimeout` takes whole milliseconds (HTML, "timer initialization steps": a `long`).
  cut: (milliseconds) => Math.floor(milliseconds),
  early: (milliseconds, _now, random) => Math.floor(milliseconds) - random.between(0, 2),
  late: (milliseconds, _now, random) => milliseconds + random.between(0, 400),
  bursts: (milliseconds, now) => untilNext(SECOND, now + milliseconds) - now,
};

/** The reading of a clock at `time`. */
const CLOCKS = {
  exact: (time) => time,
  whole: (time) => Math.floor(time),
  coarse: (time) => Math.floor(time / 100) * 100,
};

/** The timers and clocks of all pages of one history. */
export class Timekeeping {
  #ring;
  #read;
  #isThrottled;

  constructor(random) {
    this.random = random;
    this.timers = random.pick(Object.keys(TIMERS));
    this.clocks = random.pick(Object.keys(CLOCKS));
    this.#ring = TIMERS[this.timers];
    this.#read = CLOCKS[this.clocks];
    this.#isThrottled = random.chance(0.5);
  }

  get name() {
    return `timers ${this.timers}${this.#isThrottled ? ", once a minute in hidden tabs" : ""}, clocks ${this.clocks}`;
  }

  read(time) {
    return this.#read(time);
  }

  /** Milliseconds until a timer fires. A hidden page's timers may fire at whole minutes only. */
  after(milliseconds, now, isVisible) {
    const exactly = Math.max(0, this.#ring(milliseconds, now, this.random));
    return this.#isThrottled && !isVisible ? untilNext(MINUTE, now + exactly) - now : exactly;
  }
}

function untilNext(step, time) {
  return Math.ceil(time / step) * step;
}
