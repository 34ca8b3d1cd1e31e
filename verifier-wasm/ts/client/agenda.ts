/** The state of a page, and its one timer, which each change of the state resets. */

import type { AccessToken } from "./answer.js";
import { waitLeft } from "./failure.js";
import { age, isUsable } from "./lifetime.js";
import { nextDue, INITIAL_STATE, timerFor, type PageState } from "./schedule.js";
import type { Environment, Cancel } from "./environment.js";

/** Holds the state of a page and runs the due task. No other code sets or stops the timer. */
export class Agenda {
  readonly #page: Environment;
  readonly #act: () => unknown;
  #state = INITIAL_STATE;
  #stopTimer: Cancel | undefined;

  /** `act` runs the due task and updates the state. */
  constructor(page: Environment, act: () => unknown) {
    this.#page = page;
    this.#act = act;
  }

  get state(): PageState {
    return this.#state;
  }

  /** The only way to change the state: it resets the timer for the next task. */
  update(change: Partial<PageState>): void {
    this.#state = { ...this.#state, ...change };
    this.#stopTimer?.();
    const due = this.#due();
    this.#stopTimer = due === Infinity ? undefined : this.#page.after(timerFor(due), () => this.runDue());
  }

  /** Runs the task if it is due, and resets the timer in any case. A timer may fire early. */
  runDue(): void {
    this.update({});
    if (this.#due() <= 0) this.#act();
  }

  /** Whether the page must not send a request yet. */
  get mustWait(): boolean {
    return waitLeft(this.#state.failure, this.#page.now()) > 0;
  }

  /** The access token, if the page may still use it. */
  get usableToken(): AccessToken | undefined {
    const { accessToken } = this.#state;
    return accessToken && isUsable(accessToken, this.#page.now()) ? accessToken : undefined;
  }

  /** Whether the access token is due for renewal. */
  get isRenewalDue(): boolean {
    const { accessToken, renewalAge } = this.#state;
    return accessToken !== undefined && age(accessToken.sentAt, this.#page.now()) >= renewalAge;
  }

  #due(): number {
    return nextDue(this.#state, this.#page.now(), this.#page.isVisible());
  }
}
