/** The one error that the session client throws. */

/**
 * What went wrong:
 *
 * - `ERR_CREDENTIALS_INVALID`: wrong username or password.
 * - `ERR_TOO_MANY_ATTEMPTS`: too many wrong passwords; `retryAfter` says when to try again.
 * - `ERR_SIGNED_OUT`: no user is signed in.
 * - `ERR_ISSUER_UNREACHABLE`: the issuer did not answer, or asked to come back later. The session lives on.
 * - `ERR_REQUEST_REFUSED`: the issuer refused the request for another reason, which the message tells.
 * - `ERR_OPTIONS_INVALID`: an option is wrong; the message names it.
 * - `ERR_DISPOSED`: the session object is not in use any more.
 */
export type SessionErrorCode =
  | "ERR_CREDENTIALS_INVALID"
  | "ERR_TOO_MANY_ATTEMPTS"
  | "ERR_SIGNED_OUT"
  | "ERR_ISSUER_UNREACHABLE"
  | "ERR_REQUEST_REFUSED"
  | "ERR_OPTIONS_INVALID"
  | "ERR_DISPOSED";

/** A failure of the session client, with a stable code. It never holds a token or a password. */
export class SessionError extends Error {
  override readonly name = "SessionError";
  /** Which failure it is. */
  readonly code: SessionErrorCode;
  /** After how many seconds the same call may succeed, where the issuer said so. */
  declare readonly retryAfter?: number;

  /** @internal */
  constructor(code: SessionErrorCode, message: string, { retryAfter, ...options }: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }
}
