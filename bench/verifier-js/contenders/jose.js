/** jose, with an imported CryptoKey: it verifies with WebCrypto, on Node's thread pool. */

import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { AUDIENCE, ISSUER } from "../../support/tokens.js";
import { WIDTH } from "../../support/rounds.js";

export async function verifiers(key) {
  const jwk = key.jwk ?? { kty: "oct", k: Buffer.from(key.secret).toString("base64url") };
  const cryptoKey = key.jwk ? await importJWK(jwk, key.alg) : await hmacKey(key.secret);
  const policy = { issuer: ISSUER, audience: AUDIENCE, typ: "at+jwt", algorithms: [key.alg] };
  const run = async (token) => (await jwtVerify(token, cryptoKey, policy)).payload;
  return [
    { name: "jose", mode: "async", run },
    { name: `jose, ${WIDTH} at once`, mode: "wide", run },
  ];
}

function hmacKey(secret) {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

export const decoders = [
  { name: "jose: decodeJwt (claims alone)", mode: "sync", run: decodeJwt },
  {
    name: "jose: decodeProtectedHeader, decodeJwt",
    mode: "sync",
    run: (token) => ({ header: decodeProtectedHeader(token), claims: decodeJwt(token) }),
    subjectOf: ({ claims }) => claims.sub,
  },
];

export const expiry = [
  { name: "jose: decodeJwt, compare", mode: "sync", run: (token) => decodeJwt(token).exp <= Date.now() / 1000 },
];
