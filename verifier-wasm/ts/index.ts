/** The package's exports, the same in every runtime; each `entry-*` file adds the source of the wasm module. */

export type { Claims, DecodedToken, Frozen, Header, VerifiedClaims, WithClaims } from "./claims.js";
export { claimsText } from "./claims-text.js";
export type { Clock } from "./clock.js";
export type { ErrorCode } from "./codes.js";
export { type CookieNames, cookieNames, readCookie } from "./cookies.js";
export { type ClaimError, HallpassError, type OtherError } from "./error.js";
export type {
  CacheOptions,
  FetchFunction,
  IssuerOptions,
  JsonWebKeySet,
  KeySnapshot,
  PolicyOptions,
  VerifierOptions,
  WaitUntil,
} from "./options.js";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./schema.js";
export { decode, type ExpiryOptions, expiresIn, isExpired, type ReadOptions } from "./token.js";
export { createVerifier, type SkippedKey, type Verifier, type VerifyOptions } from "./verifier.js";
