/** The remaining lifetime of an access token, independent of the computer's clock setting. */

import type { Moment, AccessToken } from "./answer.js";

/** Milliseconds before its expiry from which a token is not used any longer: a request takes time to arrive. */
const EXPIRY_MARGIN = 10_000;

/** The fraction of its lifetime after which a token is renewed, plus up to 0.1 of jitter, so that pages do not all renew at once. */
const RENEWED_AFTER = 0.75;

/** Minimum milliseconds between two renewals, even for tokens of a shorter lifetime. */
const MIN_RENEWAL_INTERVAL = 1_000;

/** Whether the token is valid long enough for a request. */
export function isUsable({ expiresIn, sentAt }: AccessToken, now: Moment): boolean {
  const life = expiresIn * 1000;
  return age(sentAt, now) < life - Math.min(EXPIRY_MARGIN, life / 4);
}

/**
 * The age in milliseconds at which a token that arrived `now` is renewed; `chance` is from 0 to below 1. It is counted by the
 * monotonic clock: a wall clock that was ahead for a while would delay the renewal by as much.
 */
export function renewalAge({ expiresIn, sentAt }: AccessToken, chance: number, now: Moment): number {
  return Math.max(expiresIn * 1000 * (RENEWED_AFTER + chance / 10), now.monotonic - sentAt.monotonic + MIN_RENEWAL_INTERVAL);
}

/** Milliseconds since a moment, by the clock that shows more: one may have been set back, the other may stop during sleep. */
export function age(moment: Moment, now: Moment): number {
  return Math.max(now.monotonic - moment.monotonic, now.wall - moment.wall);
}
