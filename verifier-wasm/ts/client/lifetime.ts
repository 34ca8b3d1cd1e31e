/** How long an access token is good yet, whatever the computer's clock says. */

import type { Moment, Pass } from "./answer.js";
import type { Surroundings } from "./surroundings.js";

/** Milliseconds before its end from which a token is handed out no more: it needs some to arrive. */
const MARGIN = 10_000;

/** The part of its life after which a token is renewed: from this, up to a tenth more by chance, so that not all come at once. */
const RENEWED_AFTER = 0.75;

/** Whether the token may be handed out. */
export function isGood({ expiresIn, sentAt }: Pass, page: Surroundings): boolean {
  const life = expiresIn * 1000;
  return age(sentAt, page) < life - Math.min(MARGIN, life / 4);
}

/** Milliseconds until the token should be renewed; `chance` is at least 0 and less than 1. */
export function renewalIn({ expiresIn, sentAt }: Pass, chance: number, page: Surroundings): number {
  return expiresIn * 1000 * (RENEWED_AFTER + chance / 10) - age(sentAt, page);
}

/** Milliseconds since a moment. A clock that was set, or one that stood still while the computer slept, makes it longer at worst. */
function age(moment: Moment, page: Surroundings): number {
  return Math.max(page.monotonic() - moment.monotonic, page.wall() - moment.wall);
}
