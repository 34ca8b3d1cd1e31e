/** Reads a token without a key. This proves nothing: only `verify` does. */

import { readClock, readLeeway, type Clock } from "./clock.js";
import type { DecodedToken } from "./claims.js";
import { inWasm } from "./instance.js";
import { readMaxTokenBytes, tokenText } from "./token-text.js";

/**
 * Options of the functions that read a token.
 *
 * @example decode(token, { maxTokenBytes: 16_384 })
 */
export interface ReadOptions {
  /** The maximum length of the token in bytes: 8192 by default, at most 65,536. */
  readonly maxTokenBytes?: number;
}

/**
 * Options of {@link isExpired} and {@link expiresIn}.
 *
 * @example isExpired(token, { leeway: 5 })
 */
export interface ExpiryOptions extends ReadOptions {
  /** Returns the time in seconds since 1970; the machine's clock by default. */
  readonly now?: Clock;
}

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
export function decode<Extra extends object = object>(token: string, { maxTokenBytes }: ReadOptions = {}): DecodedToken<Extra> {
  const text = tokenText(token, readMaxTokenBytes(maxTokenBytes));
  return JSON.parse(inWasm((_, memory) => memory.decode(text))) as DecodedToken<Extra>;
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
export function isExpired(token: string, { leeway, now, maxTokenBytes }: ExpiryOptions & { leeway?: number } = {}): boolean {
  return readClock(now) >= expiresAt(token, maxTokenBytes) + readLeeway(leeway);
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
export function expiresIn(token: string, { now, maxTokenBytes }: ExpiryOptions = {}): number {
  return expiresAt(token, maxTokenBytes) - readClock(now);
}

function expiresAt(token: string, maxTokenBytes: number | undefined): number {
  const text = tokenText(token, readMaxTokenBytes(maxTokenBytes));
  return inWasm((_, memory) => memory.expiresAt(text));
}
