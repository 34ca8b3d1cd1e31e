/** The one error that this package throws. */

import type { ErrorCode } from "./codes.js";

/** What an error may carry beside its code and its words. */
interface Details {
  claim?: string;
  reason?: string;
  cause?: unknown;
}

/**
 * A refusal because of a claim.
 *
 * @example { code: "ERR_CLAIM_INVALID", claim: "aud", reason: "is missing" }
 */
export interface ClaimError extends Error {
  readonly name: "HallpassError";
  readonly code: "ERR_CLAIM_INVALID";
  /** The claim at fault, such as `"aud"`; `"*"` where a `schema` faults all of them together. */
  readonly claim: string;
  /** What is wrong with that claim, in words that follow its name: `"is missing"`. */
  readonly reason: string;
}

/**
 * A refusal or a mistake that no single claim is to blame for.
 *
 * @example { code: "ERR_TOKEN_EXPIRED" }
 */
export interface OtherError extends Error {
  readonly name: "HallpassError";
  /** Which it is; the same list as in the Rust crate, so it never changes its meaning. */
  readonly code: Exclude<ErrorCode, "ERR_CLAIM_INVALID">;
  readonly claim?: undefined;
  readonly reason?: undefined;
}

/**
 * A refusal or a mistake, with a stable `code` for programs and a message for people. Which members it has depends on the
 * code: `claim` and `reason` come with `ERR_CLAIM_INVALID`, and `cause` with `ERR_KEYS_UNREACHABLE`.
 * It never holds the token or a part of it, so it may be logged.
 *
 * @example
 * ```ts
 * try {
 *   await verifier.verify(token);
 * } catch (error) {
 *   if (!(error instanceof HallpassError)) throw error;
 *   if (error.code === "ERR_TOKEN_EXPIRED") return renew();
 *   if (error.code === "ERR_CLAIM_INVALID") console.log(error.claim, error.reason); // "aud" "is missing"
 * }
 * ```
 */
export type HallpassError = ClaimError | OtherError;

/** What {@link HallpassError} is: good for `instanceof`, and made by this package alone. */
export interface HallpassErrorClass extends Function {
  readonly prototype: HallpassError;
  /** @internal */
  new (code: ErrorCode, message: string, details?: Details): HallpassError;
}

/**
 * The class of every error that this package throws: `error instanceof HallpassError`.
 *
 * @example error instanceof HallpassError && error.code === "ERR_TOKEN_EXPIRED"
 */
export const HallpassError = class HallpassError extends Error {
  override readonly name = "HallpassError";
  readonly code: ErrorCode;
  declare readonly claim?: string;
  declare readonly reason?: string;

  constructor(code: ErrorCode, message: string, { claim, reason, ...options }: Details = {}) {
    super(message, options);
    this.code = code;
    if (claim !== undefined) this.claim = claim;
    if (reason !== undefined) this.reason = reason;
  }
} as unknown as HallpassErrorClass;

/** The bridge throws refusals as lines: code, claim, reason, message. */
export function errorFromWasm(thrown: string): HallpassError {
  const [code, claim, reason, message] = thrown.split("\n") as [ErrorCode, string, string, string];
  return new HallpassError(code, message, claim === "" ? {} : { claim, reason });
}
