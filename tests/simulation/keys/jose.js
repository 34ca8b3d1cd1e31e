/** A verifier with `jose` and the interface of the package, for comparison. */

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

/** Verifiers with a permanent and with an unreliable connection; with the defaults of `jose`, and with the issuer's max-age. */
export const JOSE_KINDS = [
  { name: "by default" },
  { name: "seldom called", calls: 0.03 },
  { name: "with a line that is lost", isSteady: false },
].flatMap((kind) => [kind, { ...kind, name: `${kind.name}, cacheMaxAge 300 s`, options: { keys: { cacheMaxAge: 300_000 } } }]);
