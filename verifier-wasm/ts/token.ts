/** Reads a token without a key. This proves nothing: only `verify` does. */

import { readClock, readLeeway, type Clock } from "./clock.js";
import type { DecodedToken } from "./claims.js";
import { HallpassError } from "./error.js";
import { inWasm } from "./instance.js";

/**
 * Decodes a token without checking its signature, times or audience. Use it to display a token, never to authorize a request.
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
 * Whether a token has expired: `now >= exp + leeway`. It reads only the claim `exp`, and proves nothing.
 *
 * @param options.leeway - Seconds by which clocks may differ; 0 by default.
 * @param options.now - Returns the time in seconds since 1970; the machine's clock by default.
 * @throws {@link HallpassError} if `exp` cannot be read. The header, the claims after `exp` and the signature are not read.
 * @example
 * ```ts
 * if (isExpired(token, { leeway: 5 })) await renew();
 * ```
 */
export function isExpired(token: string, { leeway, now }: { leeway?: number; now?: Clock } = {}): boolean {
  return readClock(now) >= expiresAt(token) + readLeeway(leeway);
}

/**
 * The remaining seconds of a token; zero or less after it has expired. It reads only the claim `exp`, and proves nothing.
 *
 * @param options.now - Returns the time in seconds since 1970; the machine's clock by default.
 * @throws {@link HallpassError} if the text is not a token with an `exp`.
 * @example
 * ```ts
 * setTimeout(renew, Math.min(expiresIn(token) * 1000, 2 ** 31 - 1)); // a timer of more milliseconds would fire at once
 * ```
 */
export function expiresIn(token: string, { now }: { now?: Clock } = {}): number {
  return expiresAt(token) - readClock(now);
}

/** The maximum length of a token, in bytes and so in characters (`MAX_TOKEN_BYTES` of the crate). */
const MAX_TOKEN_LENGTH = 8 * 1024;

/** Checks that a token is a text; callers without TypeScript may pass `undefined`, for example for a missing cookie. */
export function tokenText(token: unknown): string {
  if (typeof token !== "string") throw new HallpassError("ERR_TOKEN_NOT_STRING", "the token is not a string");
  if (token.length <= MAX_TOKEN_LENGTH) return token;
  throw new HallpassError("ERR_TOKEN_TOO_LARGE", `the token is ${token.length} characters long; the maximum is ${MAX_TOKEN_LENGTH}`);
}

function expiresAt(token: string): number {
  return inWasm((_, memory) => memory.expiresAt(tokenText(token)));
}
