/** What the package offers, the same in every runtime; the `entry-*` files add only how the wasm module gets in. */

export type { Claims, DecodedToken, Header } from "./claims.js";
export type { Clock } from "./clock.js";
export type { ErrorCode } from "./codes.js";
export { HallpassError } from "./error.js";
export type { CacheOptions, FetchFunction, IssuerOptions, JsonWebKeySet, PolicyOptions, VerifierOptions } from "./options.js";
export { decode, expiresIn, isExpired } from "./token.js";
export { createVerifier, type Verifier } from "./verifier.js";
