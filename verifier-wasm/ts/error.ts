/** The error that this package throws. */

import type { ErrorCode } from "./codes.js";

/** The optional members of an error. */
interface Details {
  claim?: string;
  reason?: string;
  cause?: unknown;
}

/**
 * A token is refused because of a claim.
 *
 * @example { code: "ERR_CLAIM_INVALID", claim: "aud", reason: "is missing" }
 */
export interface ClaimError extends Error {
  readonly name: "HallpassError";
  readonly code: "ERR_CLAIM_INVALID";
  /** The invalid claim, such as `"aud"`; `"*"` if a `schema` rejects the claims as a whole. */
  readonly claim: string;
  /** What is wrong with the claim, as a phrase that follows its name: `"is missing"`. */
  readonly reason: string;
}

/**
 * An error that is not about a claim.
 *
 * @example { code: "ERR_TOKEN_EXPIRED" }
 */
export interface OtherError extends Error {
  readonly name: "HallpassError";
  /** The stable code; the Rust crate has the same list. */
  readonly code: Exclude<ErrorCode, "ERR_CLAIM_INVALID">;
  readonly claim?: undefined;
  readonly reason?: undefined;
}

/**
 * An error with a stable `code` for programs and a message for people. `ERR_CLAIM_INVALID` also has `claim` and `reason`;
 * `ERR_KEYS_UNREACHABLE` has a `cause`. Of a token, a message contains at most public values that differ from the expected
 * ones (`iss`, `aud`, `azp`, `client_id`, `typ`, `alg`; 100 characters each), so it may be logged.
 *
 * @example
 * ```ts
 * try {
 *   await verifier.verify(token);
 * } catch (error) {
 *   if (!(error instanceof HallpassError)) throw error;
 *   if (error.code === "ERR_TOKEN_EXPIRED") await renew();
 *   if (error.code === "ERR_CLAIM_INVALID") console.log(error.claim, error.reason); // "aud" "is missing"
 * }
 * ```
 */
export type HallpassError = ClaimError | OtherError;

/** The type of {@link HallpassError}: usable with `instanceof`; only this package constructs it. */
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

/** Converts what the bridge throws: the lines code, claim, reason, message. */
export function errorFromWasm(thrown: string): HallpassError {
  const [code, claim, reason, message] = thrown.split("\n") as [ErrorCode, string, string, string];
  return new HallpassError(code, message, claim === "" ? {} : { claim, reason });
}
