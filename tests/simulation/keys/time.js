/** The time of a history, in milliseconds since 1970: the event queue, and the clocks of the machines. */

import { settled } from "./settled.js";

export class Time {
  now = 0;
  #machine;
  #queue = [];
  #count = 0;

  /** Replaces the program's clocks; returns a function that restores them. */
  install() {
    const real = { now: Date.now, performance: performance.now, setTimeout: globalThis.setTimeout, timeout: AbortSignal.timeout };
    Date.now = () => this.#machine.wall();
    performance.now = () => this.#machine.steady();
    globalThis.setTimeout = (act, milliseconds = 0) => this.#timer(milliseconds, act);
    AbortSignal.timeout = (milliseconds) => this.#abortedAfter(milliseconds);
    return () => {
      Date.now = real.now;
      performance.now = real.performance;
      globalThis.setTimeout = real.setTimeout;
      AbortSignal.timeout = real.timeout;
    };
  }

  /** Runs a task on a machine, and everything that it causes. */
  async on(machine, act) {
    this.#machine = machine;
    act();
    await settled();
  }

  /** Runs a task later; if the machine sleeps then, when it wakes. */
  after(milliseconds, machine, act) {
    this.#plan(milliseconds, machine, act, () => machine.wakesAt);
  }

  /** A timer stops while its machine sleeps. */
  #timer(milliseconds, act) {
    const machine = this.#machine;
    this.#plan(milliseconds, machine, act, (at) => at + machine.sleepsFor);
  }

  #plan(milliseconds, machine, act, postponed) {
    this.#queue.push({ at: this.now + milliseconds, order: (this.#count += 1), machine, act, postponed });
  }

  /** Advances time until then. */
  async passUntil(end) {
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.now = Math.max(this.now, next.at);
      if (next.machine.isAsleep()) next.at = next.postponed(next.at);
      else {
        this.#queue = this.#queue.filter((other) => other !== next);
        await this.on(next.machine, next.act);
      }
    }
    this.now = end;
  }

  #next(end) {
    let first;
    for (const event of this.#queue) {
      if (event.at <= end && (first === undefined || event.at < first.at || (event.at === first.at && event.order < first.order))) first = event;
    }
    return first;
  }

  #abortedAfter(milliseconds) {
    const controller = new AbortController();
    const error = new DOMException("the operation was aborted due to timeout", "TimeoutError");
    this.#timer(milliseconds, () => controller.abort(error));
    return controller.signal;
  }
}

/** A machine: a wall clock that can be set, and a monotonic clock that stops during sleep. */
export class Machine {
  /** When its clock was last set. */
  setAt = -Infinity;
  wakesAt = -Infinity;
  sleepsFor = 0;
  #time;
  #ahead;
  #slept = 0;

  constructor(time, ahead) {
    this.#time = time;
    this.#ahead = ahead;
  }

  wall() {
    return this.#time.now + this.#ahead;
  }

  steady() {
    return this.#time.now - this.#slept - 1_780_000_000_000;
  }

  isAsleep() {
    return this.#time.now < this.wakesAt;
  }

  sleep(milliseconds) {
    this.sleepsFor = milliseconds;
    this.wakesAt = this.#time.now + milliseconds;
    this.#slept += milliseconds;
  }

  /** Sets the wall clock. */
  set(ahead) {
    this.#ahead = ahead;
    this.setAt = this.#time.now;
  }
}
