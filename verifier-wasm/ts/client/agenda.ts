/** A page's standing, and its one timer, which is set with every change. */

import type { Pass } from "./answer.js";
import { waitLeft } from "./failure.js";
import { age, isGood } from "./lifetime.js";
import { nextDue, OPENED, timerFor, type Standing } from "./schedule.js";
import type { Surroundings, Undo } from "./surroundings.js";

/** What a page knows, and when it acts. No other code sets or stops its timer. */
export class Agenda {
  readonly #page: Surroundings;
  readonly #act: () => unknown;
  #standing = OPENED;
  #stopTimer: Undo | undefined;

  /** `act` does what is due, and changes the standing. */
  constructor(page: Surroundings, act: () => unknown) {
    this.#page = page;
    this.#act = act;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** The one way in which the standing changes: the timer is set for what is due then. */
  become(change: Partial<Standing>): void {
    this.#standing = { ...this.#standing, ...change };
    this.#stopTimer?.();
    const due = this.#due();
    this.#stopTimer = due === Infinity ? undefined : this.#page.after(timerFor(due), () => this.ring());
  }

  /** The timer has rung, too early perhaps, or something has happened: does what is due. Whatever comes of it, a timer is set. */
  ring(): void {
    this.become({});
    if (this.#due() <= 0) this.#act();
  }

  /** Whether the issuer must not be asked yet. */
  get mustWait(): boolean {
    return waitLeft(this.#standing.failure, this.#page.now()) > 0;
  }

  /** The access token that may be handed out. */
  get goodPass(): Pass | undefined {
    const { pass } = this.#standing;
    return pass && isGood(pass, this.#page.now()) ? pass : undefined;
  }

  /** Whether the access token should be renewed. */
  get isRenewalDue(): boolean {
    const { pass, renewalAge } = this.#standing;
    return pass !== undefined && age(pass.sentAt, this.#page.now()) >= renewalAge;
  }

  #due(): number {
    return nextDue(this.#standing, this.#page.now(), this.#page.isVisible());
  }
}
