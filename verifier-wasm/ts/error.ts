/** The one error that this package throws. */

import type { ErrorCode } from "./codes.js";

/** What an error may carry beside its code and its words. */
interface Details {
  claim?: string;
  reason?: string;
  cause?: unknown;
}

/**
 * A refusal or a mistake, with a stable {@link code} for programs and a message for people.
 * It never holds the token or a part of it, so it may be logged.
 *
 * @example
 * ```ts
 * try {
 *   await verifier.verify(token);
 * } catch (error) {
 *   if (error instanceof HallpassError && error.code === "ERR_TOKEN_EXPIRED") return renew();
 *   throw error;
 * }
 * ```
 */
export class HallpassError extends Error {
  override readonly name = "HallpassError";
  /** Which refusal it is; the same list as in the Rust crate, so it never changes its meaning. */
  readonly code: ErrorCode;
  /** The claim at fault, where one is: `"aud"`. */
  declare readonly claim?: string;
  /** What is wrong with that claim, in words that follow its name: `"is missing"`. */
  declare readonly reason?: string;

  /** @internal */
  constructor(code: ErrorCode, message: string, { claim, reason, ...options }: Details = {}) {
    super(message, options);
    this.code = code;
    if (claim !== undefined) this.claim = claim;
    if (reason !== undefined) this.reason = reason;
  }

  /** The bridge throws refusals as lines: code, claim, reason, message. @internal */
  static fromWasm(thrown: string): HallpassError {
    const [code, claim, reason, message] = thrown.split("\n") as [ErrorCode, string, string, string];
    return new HallpassError(code, message, claim === "" ? {} : { claim, reason });
  }
}
