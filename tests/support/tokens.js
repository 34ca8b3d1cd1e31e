/** Tokens and key sets, created with `jose`, which shares no code with the verifier. */

import { exportJWK, generateKeyPair, SignJWT } from "jose";

export const ISSUER = "https://auth.example";
export const AUDIENCE = "api";

/** A new key, Ed25519 by default: `jwk` is the public key, `sign(claims)` returns an access token. */
export async function freshKey(kid, alg = "EdDSA") {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const jwk = { ...(await exportJWK(publicKey)), kid, use: "sig", alg };
  const sign = (claims = {}, header = {}) =>
    new SignJWT(accessClaims(claims))
      .setProtectedHeader({ alg, typ: "at+jwt", kid, ...header })
      .sign(privateKey);
  return { jwk, sign };
}

/** The claims of an access token of Hallpass that is valid for five minutes. */
export function accessClaims(claims) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: ISSUER, sub: "user-1", aud: AUDIENCE, client_id: "hallpass", iat: now, exp: now + 300, jti: "token-1",
    sid: "session-1", username: "exampleUser", ...claims,
  };
}

/** The token with the first character of its signature changed. */
export function withOneCharacterChanged(token) {
  const index = token.lastIndexOf(".") + 1;
  return token.slice(0, index) + (token[index] === "A" ? "B" : "A") + token.slice(index + 1);
}
