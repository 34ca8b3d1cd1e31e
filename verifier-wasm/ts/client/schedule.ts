/** The time of a page's next task: a pure function of the page's state. */

import type { Moment, AccessToken } from "./answer.js";
import { waitLeft, type Failure } from "./failure.js";
import { age } from "./lifetime.js";

/** Everything that decides the page's next task. */
export interface PageState {
  /** The token that was granted last, and the age in milliseconds at which it is renewed. */
  readonly accessToken: AccessToken | undefined;
  readonly renewalAge: number;
  /** Whether the page must ask the issuer for the user's status. */
  readonly isUnknown: boolean;
  /** Whether the issuer has not confirmed a sign-out yet. */
  readonly isSigningOut: boolean;
  /** The last failure; `undefined` after a success. */
  readonly failure: Failure | undefined;
  /** Whether a renewal or a repeated sign-out is running. */
  readonly isRenewing: boolean;
  /** Whether a sign-in or a sign-out is running. */
  readonly isChanging: boolean;
  /** Whether the page is unloaded or in the back/forward cache. */
  readonly isSuspended: boolean;
  readonly isDisposed: boolean;
}

/** The state of a new page. */
export const INITIAL_STATE: PageState = {
  accessToken: undefined,
  renewalAge: 0,
  isUnknown: true,
  isSigningOut: false,
  failure: undefined,
  isRenewing: false,
  isChanging: false,
  isSuspended: false,
  isDisposed: false,
};

/** Minimum milliseconds of a timer: a coarse clock may show the same time for as long. */
const MIN_TIMER = 100;

/** Maximum milliseconds of a timer: a timer may stop while the machine sleeps, and only the wall clock shows it. */
const MAX_TIMER = 60_000;

/**
 * Milliseconds until the page's next task; `Infinity`: none until an event. A hidden page asks for the user's status and repeats
 * a sign-out, but renews no token.
 */
export function nextDue(state: PageState, now: Moment, isVisible: boolean): number {
  const { accessToken, isUnknown, isSigningOut, failure } = state;
  // A running task changes the state when it ends.
  if (state.isDisposed || state.isSuspended || state.isRenewing || state.isChanging) return Infinity;
  const wait = waitLeft(failure, now);
  if (isUnknown || isSigningOut) return wait;
  if (accessToken === undefined || !isVisible) return Infinity;
  return Math.max(wait, state.renewalAge - age(accessToken.sentAt, now));
}

/** The timer for a task that is due in so many milliseconds. It may fire early; then the next timer covers the rest. */
export function timerFor(due: number): number {
  return Math.min(Math.max(due, MIN_TIMER), MAX_TIMER);
}
