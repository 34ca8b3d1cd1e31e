/** A key and a token for a start: Ed25519, or ES256 for a library without it. */

import { AUDIENCE, freshKey, goodToken, ISSUER } from "../../support/tokens.js";

export function sampleFor(name) {
  const key = freshKey(name === "jsonwebtoken" ? "ES256" : "EdDSA");
  const subject = "user-1";
  const { jwk, pem } = key;
  return { jwk, pem, issuer: ISSUER, audience: AUDIENCE, subject, token: goodToken(key, { sub: subject }) };
}
