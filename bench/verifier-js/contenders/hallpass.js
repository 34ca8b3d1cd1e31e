/** Hallpass: the package built by `cargo xtask package`. */

import { createVerifier, decode, isExpired } from "hallpass";
import { AUDIENCE, ISSUER } from "../../support/tokens.js";

const options = (key) => ({
  issuer: ISSUER,
  audience: AUDIENCE,
  ...(key.secret ? { secret: key.secret } : { jwks: { keys: [key.jwk] } }),
});

/** Without a cache: `verifySync` and `verify`. */
export function verifiers(key) {
  const verifier = createVerifier({ ...options(key), cache: false });
  return ways("hallpass", verifier, { baseline: "verifySync" });
}

/** With its cache: with shared, frozen claims (the default), and with claims parsed per call. */
export function cachingVerifiers(key, size = 1000) {
  const frozen = createVerifier({ ...options(key), cache: { size } });
  const fresh = createVerifier({ ...options(key), cache: { size, claims: "fresh" } });
  return [
    ...ways("hallpass, cache on", frozen, { baseline: "verifySync" }),
    ways("hallpass, cache on, fresh claims", fresh, {})[0],
  ];
}

function ways(name, verifier, { baseline }) {
  return [
    { name: `${name}: verifySync`, mode: "sync", run: (token) => verifier.verifySync(token) },
    { name: `${name}: await verify`, mode: "async", run: (token) => verifier.verify(token) },
  ].map((way) => ({ ...way, baseline: way.name.endsWith(` ${baseline}`), refusals: NOT_SUPPORTED }));
}

/** The error codes of Hallpass for a valid token of an algorithm that the function does not support. */
const NOT_SUPPORTED = ["ERR_KEY_UNKNOWN", "ERR_ALG_NOT_ALLOWED", "ERR_KEY_SET_INVALID"];

export const decoders = [
  { name: "hallpass: decode", mode: "sync", baseline: true, run: decode, subjectOf: ({ claims }) => claims.sub },
];

export const expiry = [{ name: "hallpass: isExpired", mode: "sync", baseline: true, run: (token) => isExpired(token) }];
