/** The minimum to verify with aws-jwt-verify. */

import { JwtVerifier } from "aws-jwt-verify";

export function verifierFor({ jwk, issuer, audience }) {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks.json` });
  verifier.cacheJwks({ keys: [jwk] });
  return (token) => verifier.verify(token);
}
