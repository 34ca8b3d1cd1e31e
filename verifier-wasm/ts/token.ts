/** What can be read from a token without a key. It proves nothing: only `verify` does. */

import { readClock, readLeeway, type Clock } from "./clock.js";
import type { DecodedToken } from "./claims.js";
import { HallpassError } from "./error.js";
import { inWasm } from "./instance.js";

/**
 * Takes a token apart, without checking its signature, its dates or for whom it is meant.
 * Use it to show what a token says; never to decide what somebody may do.
 *
 * @throws {@link HallpassError} with the code that says why the text is not a token.
 * @example
 * ```ts
 * const { header, claims } = decode(token);
 * console.log(header.alg, claims.username); // "EdDSA" "exampleUser"
 * ```
 */
export function decode<Extra extends object = object>(token: string): DecodedToken<Extra> {
  return JSON.parse(inWasm((_, memory) => memory.decode(tokenText(token)))) as DecodedToken<Extra>;
}

/**
 * Whether a token has run out: `now >= exp + leeway`. It reads the claim `exp`, nothing else, and proves nothing.
 *
 * @param options.leeway - Seconds of grace for clocks that differ; 0 by default.
 * @param options.now - Returns the time in seconds since 1970; the machine's clock by default.
 * @throws {@link HallpassError} if no `exp` can be read: what stands in the header, behind `exp`, or in the place of the
 * signature may be anything.
 * @example
 * ```ts
 * if (isExpired(token, { leeway: 5 })) await renew();
 * ```
 */
export function isExpired(token: string, { leeway, now }: { leeway?: number; now?: Clock } = {}): boolean {
  return readClock(now) >= expiresAt(token) + readLeeway(leeway);
}

/**
 * How many seconds a token has left; zero or less once it has run out. It reads the claim `exp` and proves nothing.
 *
 * @param options.now - Returns the time in seconds since 1970; the machine's clock by default.
 * @throws {@link HallpassError} if the text is not a token with an `exp`.
 * @example
 * ```ts
 * setTimeout(renew, expiresIn(token) * 1000);
 * ```
 */
export function expiresIn(token: string, { now }: { now?: Clock } = {}): number {
  return expiresAt(token) - readClock(now);
}

/** The longest token that is read, in bytes and so in characters (`MAX_TOKEN_BYTES` of the crate). */
const MAX_TOKEN_LENGTH = 8 * 1024;

/** The text of a token; callers without TypeScript do pass `undefined`, say for a cookie that is not there. */
export function tokenText(token: unknown): string {
  if (typeof token !== "string") throw new HallpassError("ERR_TOKEN_NOT_STRING", "the token is not a string");
  if (token.length <= MAX_TOKEN_LENGTH) return token;
  throw new HallpassError("ERR_TOKEN_TOO_LARGE", `the token is ${token.length} characters long; at most ${MAX_TOKEN_LENGTH} are read`);
}

function expiresAt(token: string): number {
  return inWasm((_, memory) => memory.expiresAt(tokenText(token)));
}
