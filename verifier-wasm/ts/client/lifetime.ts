/** How long an access token is good yet, whatever the computer's clock says. */

import type { Moment, Pass } from "./answer.js";

/** Milliseconds before its end from which a token is handed out no more: it needs some to arrive. */
const MARGIN = 10_000;

/** The part of its life after which a token is renewed: from this, up to a tenth more by chance, so that not all come at once. */
const RENEWED_AFTER = 0.75;

/** Milliseconds between two renewals at least, however short the tokens live. */
const SHORTEST = 1_000;

/** Whether the token may be handed out. */
export function isGood({ expiresIn, sentAt }: Pass, now: Moment): boolean {
  const life = expiresIn * 1000;
  return age(sentAt, now) < life - Math.min(MARGIN, life / 4);
}

/**
 * The age in milliseconds at which a token that came `now` is renewed; `chance` is at least 0 and less than 1. By the clock that
 * is never set: an age by the other, which was ahead for a while, would put the renewal off for as long.
 */
export function renewalAge({ expiresIn, sentAt }: Pass, chance: number, now: Moment): number {
  return Math.max(expiresIn * 1000 * (RENEWED_AFTER + chance / 10), now.monotonic - sentAt.monotonic + SHORTEST);
}

/** Milliseconds since a moment. A clock that was set, or one that stood still while the computer slept, makes it longer at worst. */
export function age(moment: Moment, now: Moment): number {
  return Math.max(now.monotonic - moment.monotonic, now.wall - moment.wall);
}
