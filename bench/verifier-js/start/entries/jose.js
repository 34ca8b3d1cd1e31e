/** The minimum to verify with jose. */

import { importJWK, jwtVerify } from "jose";

export function verifierFor({ jwk, issuer, audience }) {
  const key = importJWK(jwk);
  return async (token) => (await jwtVerify(token, await key, { issuer, audience, typ: "at+jwt" })).payload;
}
