/** Hallpass itself: the package as `cargo xtask package` has built it. */

import { createVerifier, decode, HallpassError, isExpired } from "hallpass";
import { WIDTH } from "../../support/rounds.js";
import { AUDIENCE, ISSUER } from "../../support/tokens.js";

/** The ways to switch the cache on and off; which of them this version knows is found out by asking. */
const CACHE_ON = [true, 1000, { size: 1000 }, { maxEntries: 1000 }];
const CACHE_OFF = [false, 0];

const options = (key) => ({
  issuer: ISSUER,
  audience: AUDIENCE,
  ...(key.secret ? { secret: key.secret } : { jwks: { keys: [key.jwk] } }),
});

/** Without its cache, in both its ways. */
export function verifiers(key) {
  const verifier = createVerifierWith(key, CACHE_OFF) ?? cachelessVerifier(key);
  if (key.alg === "EdDSA" || key.alg === "HS256") return ways("hallpass", verifier, { baseline: "verifySync" });
  const [sync, one] = ways("hallpass", verifier, { baseline: "verify" });
  // These go through WebCrypto, so they can overlap as jose's can.
  return [sync, one, { ...one, name: `hallpass: verify, ${WIDTH} at once`, mode: "wide", baseline: false }];
}

/** With its cache. */
export function cachingVerifiers(key) {
  const verifier = createVerifierWith(key, CACHE_ON);
  if (verifier) return ways("hallpass, cache on", verifier, { baseline: "verifySync" });
  return [{ name: "hallpass, cache on", mode: "sync", missing: "this version has no option `cache`" }];
}

/** A version that knows no `cache` has none; one that has a cache must let it be switched off. */
function cachelessVerifier(key) {
  if (createVerifierWith(key, CACHE_ON)) throw new Error("hallpass has a cache that this bench cannot switch off");
  return createVerifier(options(key));
}

function createVerifierWith(key, values) {
  for (const cache of values) {
    try {
      return createVerifier({ ...options(key), cache });
    } catch (error) {
      if (!(error instanceof HallpassError && error.code === "ERR_OPTIONS_INVALID")) throw error;
    }
  }
  return undefined;
}

function ways(name, verifier, { baseline }) {
  return [
    { name: `${name}: verifySync`, mode: "sync", run: (token) => verifier.verifySync(token) },
    { name: `${name}: await verify`, mode: "async", run: (token) => verifier.verify(token) },
  ].map((way) => ({ ...way, baseline: way.name.endsWith(` ${baseline}`), refusals: NOT_SUPPORTED }));
}

/** What Hallpass answers to a good token of an algorithm that it does not know, or not in this way. */
const NOT_SUPPORTED = ["ERR_KEY_UNKNOWN", "ERR_ALG_NOT_ALLOWED", "ERR_ALG_NEEDS_ASYNC", "ERR_KEY_SET_INVALID"];

export const decoders = [
  { name: "hallpass: decode", mode: "sync", baseline: true, run: decode, subjectOf: ({ claims }) => claims.sub },
];

export const expiry = [{ name: "hallpass: isExpired", mode: "sync", baseline: true, run: (token) => isExpired(token) }];
