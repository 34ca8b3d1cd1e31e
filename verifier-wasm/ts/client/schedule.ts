/** When a page has something to do next: it follows from one value, whose every change sets the page's one timer anew. */

import type { Moment, Pass } from "./answer.js";
import { waitLeft, type Failure } from "./failure.js";
import { age } from "./lifetime.js";

/** Where a page is. */
export interface Standing {
  /** What was granted last, and the age in milliseconds at which it is renewed. */
  readonly pass: Pass | undefined;
  readonly renewalAge: number;
  /** Whether only the issuer knows who is there. */
  readonly isInDoubt: boolean;
  /** Whether the issuer has yet to hear of a sign-out. */
  readonly isEnding: boolean;
  /** What the last try failed of; nothing after one that succeeded. */
  readonly failure: Failure | undefined;
  /** Whether a renewal or a repeated sign-out is under way. */
  readonly isRenewing: boolean;
  /** Whether a sign-in or a sign-out is under way. */
  readonly isChanging: boolean;
  /** Whether the page is put away, perhaps for good. */
  readonly isAway: boolean;
  readonly isDisposed: boolean;
}

/** That of a page that was opened just now. */
export const OPENED: Standing = {
  pass: undefined,
  renewalAge: 0,
  isInDoubt: true,
  isEnding: false,
  failure: undefined,
  isRenewing: false,
  isChanging: false,
  isAway: false,
  isDisposed: false,
};

/** Milliseconds between two looks at a clock at least: one that is coarse may tell the same for as long. */
const MIN_TIMER = 100;

/** And at most: while the machine sleeps a timer may stand still, and only the wall clock tells. */
const MAX_TIMER = 60_000;

/**
 * Milliseconds until the page has something to do; `Infinity`: not before something happens to it. A page that the user does
 * not see finds out who is there and tells of a sign-out, but renews no token.
 */
export function nextDue(standing: Standing, now: Moment, isVisible: boolean): number {
  const { pass, isInDoubt, isEnding, failure } = standing;
  // What is under way changes the standing when it ends.
  if (standing.isDisposed || standing.isAway || standing.isRenewing || standing.isChanging) return Infinity;
  const wait = waitLeft(failure, now);
  if (isInDoubt || isEnding) return wait;
  if (pass === undefined || !isVisible) return Infinity;
  return Math.max(wait, standing.renewalAge - age(pass.sentAt, now));
}

/** The timer for what is due in so many milliseconds. It may ring early: then the next is set for what is left. */
export function timerFor(due: number): number {
  return Math.min(Math.max(due, MIN_TIMER), MAX_TIMER);
}
