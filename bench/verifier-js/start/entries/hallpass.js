/** The minimum to verify with Hallpass. */

import { createVerifier } from "hallpass";

export function verifierFor({ jwk, issuer, audience }) {
  const verifier = createVerifier({ issuer, audience, jwks: { keys: [jwk] } });
  return (token) => verifier.verify(token);
}
