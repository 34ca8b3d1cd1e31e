/** A machine with simulated time: an event queue, a monotonic clock, a wrong wall clock, and sleep. */

/** Runs all pending promises. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

export class Machine {
  /** Milliseconds since the start of the history, as the issuer reckons. */
  now = 0;
  #slept = 0;
  #wallOffset;
  #events = [];
  #count = 0;

  /** Time stands still once `isOver()`. */
  constructor({ epoch, wallOffset, isOver }) {
    this.epoch = epoch;
    this.isOver = isOver;
    this.#wallOffset = wallOffset;
  }

  /** Stands still during sleep. */
  monotonic() {
    return 5_000 + this.now - this.#slept;
  }

  wall() {
    return this.epoch + this.now + this.#wallOffset;
  }

  setWall(by) {
    this.#wallOffset += by;
  }

  /** Runs `task` so many milliseconds later; what is under way on the network is `lost` where the machine sleeps by then. */
  after(milliseconds, task, lost) {
    const event = { at: this.now + Math.max(0, milliseconds), order: this.#count++, task, lost };
    this.#events.push(event);
    return () => (this.#events = this.#events.filter((other) => other !== event));
  }

  /** Lets time pass. */
  async pass(milliseconds) {
    await settled();
    const end = this.now + milliseconds;
    for (let next = this.#next(end); next !== undefined && !this.isOver(); next = this.#next(end)) {
      this.now = Math.max(this.now, next.at);
      await next.task();
      await settled();
    }
    this.now = end;
    await settled();
  }

  /** Sleeps: timers stop, and responses are lost. */
  async sleep(milliseconds) {
    const end = this.now + milliseconds;
    for (let next = this.#next(end, "lost"); next !== undefined; next = this.#next(end, "lost")) {
      this.now = Math.max(this.now, next.at);
      await next.lost();
    }
    for (const event of this.#events) if (event.lost === undefined) event.at += milliseconds;
    this.now = end;
    this.#slept += milliseconds;
  }

  #next(end, kind = "task") {
    const due = this.#events.filter((event) => event.at <= end && event[kind] !== undefined);
    const [next] = due.sort((one, other) => one.at - other.at || one.order - other.order);
    this.#events = this.#events.filter((event) => event !== next);
    return next;
  }
}
