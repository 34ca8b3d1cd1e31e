/** The error that the session client throws. */

/**
 * The cause of an error:
 *
 * - `ERR_CREDENTIALS_INVALID`: wrong username or password.
 * - `ERR_TOO_MANY_ATTEMPTS`: too many wrong passwords; try again after `retryAfter` seconds.
 * - `ERR_SIGNED_OUT`: no user is signed in.
 * - `ERR_ISSUER_UNREACHABLE`: the issuer did not respond, or asked the client to retry later. The session continues.
 * - `ERR_REQUEST_REFUSED`: the issuer refused the request for the reason in the message.
 * - `ERR_OPTIONS_INVALID`: an option is invalid; the message names it.
 * - `ERR_DISPOSED`: `dispose` was called on this session object.
 */
export type SessionErrorCode =
  | "ERR_CREDENTIALS_INVALID"
  | "ERR_TOO_MANY_ATTEMPTS"
  | "ERR_SIGNED_OUT"
  | "ERR_ISSUER_UNREACHABLE"
  | "ERR_REQUEST_REFUSED"
  | "ERR_OPTIONS_INVALID"
  | "ERR_DISPOSED";

/** An error of the session client, with a stable code. It never contains a token or a password. */
export class SessionError extends Error {
  override readonly name = "SessionError";
  /** The cause of the error. */
  readonly code: SessionErrorCode;
  /** The seconds after which to retry, if the issuer sent `Retry-After`. */
  declare readonly retryAfter?: number;

  /** @internal */
  constructor(code: SessionErrorCode, message: string, { retryAfter, ...options }: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }
}
