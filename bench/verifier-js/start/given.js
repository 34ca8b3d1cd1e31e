/** A key and a token for a beginning: Ed25519, but for who knows no such. */

import { AUDIENCE, freshKey, goodToken, ISSUER } from "../../support/tokens.js";

export function givenFor(name) {
  const key = freshKey(name === "jsonwebtoken" ? "ES256" : "EdDSA");
  const subject = "user-1";
  const { jwk, pem } = key;
  return { jwk, pem, issuer: ISSUER, audience: AUDIENCE, subject, token: goodToken(key, { sub: subject }) };
}
