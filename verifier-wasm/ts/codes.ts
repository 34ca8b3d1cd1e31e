/** All error codes: those of the Rust crate, listed in its `ERROR_CODES.md`, and those of this package. */

/** Reasons to refuse a token or a key set. Rust code decides; every implementation has the same codes. */
type TokenErrorCode =
  | "ERR_TOKEN_TOO_LARGE"
  | "ERR_TOKEN_SEGMENTS"
  | "ERR_BASE64_INVALID"
  | "ERR_UTF8_INVALID"
  | "ERR_JSON_INVALID"
  | "ERR_JSON_DUPLICATE_MEMBER"
  | "ERR_JSON_TOO_DEEP"
  | "ERR_CRIT_NOT_SUPPORTED"
  | "ERR_TYP_NOT_ACCEPTED"
  | "ERR_ALG_NOT_ALLOWED"
  | "ERR_KID_INVALID"
  | "ERR_KEY_UNKNOWN"
  | "ERR_ALG_NEEDS_ASYNC"
  | "ERR_SIGNATURE_INVALID"
  | "ERR_TOKEN_EXPIRED"
  | "ERR_TOKEN_NOT_YET_VALID"
  | "ERR_TOKEN_TOO_OLD"
  | "ERR_CLAIM_INVALID"
  | "ERR_TIME_INVALID"
  | "ERR_KEY_SET_INVALID";

/** Errors of the package only. */
type PackageErrorCode =
  /** The token is not a string, for example because the cookie is missing. */
  | "ERR_TOKEN_NOT_STRING"
  /** An option is missing, unknown or of the wrong type; the message names it. */
  | "ERR_OPTIONS_INVALID"
  /** `verifySync` before the first fetch of the keys, or after they became too old; `verify` fetches them. */
  | "ERR_KEYS_NOT_LOADED"
  /** The key set cannot be fetched, and there is no earlier one or it is too old: respond 503, not 401. */
  | "ERR_KEYS_UNREACHABLE"
  /** ECDSA and RSA need WebCrypto, and the runtime has none: usually a page over http:. */
  | "ERR_WEBCRYPTO_MISSING"
  /** The WebAssembly module cannot be started; the message names the missing feature or permission. */
  | "ERR_WASM_BLOCKED"
  /** `hallpass/slim` was used before `provideModule` supplied the WebAssembly module. */
  | "ERR_WASM_MISSING";

/**
 * The code of an error. Codes are stable: a new version may add codes, and no code changes its meaning.
 *
 * @example const messages: Partial<Record<ErrorCode, string>> = { ERR_TOKEN_EXPIRED: "Sign in again." };
 */
export type ErrorCode = TokenErrorCode | PackageErrorCode;
