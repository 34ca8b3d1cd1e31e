/** A verifier by `jose` with the interface of ours, for comparison: what it does follows from its own rules. */

import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";

/** `keys` are options of `createRemoteJWKSet`. */
export function createJoseVerifier({ issuer, audience, jwks, fetch, leeway, now, keys }) {
  const getKey = createRemoteJWKSet(new URL(jwks), { ...keys, [customFetch]: fetch });
  return {
    async verify(token) {
      const options = { issuer, audience, typ: "at+jwt", clockTolerance: leeway, currentDate: new Date(now() * 1000) };
      try {
        await jwtVerify(token, getKey, options);
      } catch (error) {
        throw error.code === "ERR_JWT_EXPIRED" ? Object.assign(new Error(error.message), { code: "ERR_TOKEN_EXPIRED" }) : error;
      }
    },
  };
}

/** Verifiers in touch with the issuer, and one that is cut off now and then; as `jose` is by default, and as it is told our max-age. */
export const JOSE_KINDS = [
  { name: "by default" },
  { name: "seldom called", calls: 0.03 },
  { name: "with a line that is lost", isSteady: false },
].flatMap((kind) => [kind, { ...kind, name: `${kind.name}, cacheMaxAge 300 s`, options: { keys: { cacheMaxAge: 300_000 } } }]);
