/** Every error code there is: those of the Rust crate, listed in its `ERROR_CODES.md`, and those of this package. */

/** Why a token or a key set is refused; decided in Rust, the same in every implementation. */
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

/** What only JavaScript can get wrong. */
type PackageErrorCode =
  /** The token is not a string, say because a cookie is not there. */
  | "ERR_TOKEN_NOT_STRING"
  /** An option is missing, unknown or of the wrong kind; the message names it. */
  | "ERR_OPTIONS_INVALID"
  /** `verifySync` before the keys have come, or after they have grown too old; `verify` fetches them. */
  | "ERR_KEYS_NOT_LOADED"
  /** The key set cannot be fetched, and none is known from before, or one that is too old: answer 503, not 401. */
  | "ERR_KEYS_UNREACHABLE"
  /** ES256, RS256 and PS256 need WebCrypto, which the runtime does not offer: a page that came by http:, most often. */
  | "ERR_WEBCRYPTO_MISSING"
  /** The WebAssembly module cannot be started, most often because of a Content-Security-Policy. */
  | "ERR_WASM_BLOCKED"
  /** `hallpass/slim` was used before `provideModule` gave it the WebAssembly module. */
  | "ERR_WASM_MISSING";

/**
 * Why something was refused. Codes are stable: new ones may come, none changes its meaning.
 *
 * @example const words: Partial<Record<ErrorCode, string>> = { ERR_TOKEN_EXPIRED: "Sign in again." };
 */
export type ErrorCode = TokenErrorCode | PackageErrorCode;
