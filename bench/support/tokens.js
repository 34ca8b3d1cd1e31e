/** Keys, and tokens as the issuer makes them, for each algorithm; and the bad ones that every contender must refuse. */

import { createHmac, createSecretKey, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";

export const ISSUER = "https://auth.example.com";
export const AUDIENCE = "api";
export const ALGORITHMS = ["EdDSA", "ES256", "RS256", "HS256"];

const KID = "wQ4SXhpJ4QXnHQ8wzVjFAy9E8NCHPp8mW4SuUKdq0IQ";

/** A fresh key: `{ alg, publicKey, jwk, pem, secret, sign(header, claims) }`; a secret has no `jwk` and no `pem`. */
export function freshKey(alg) {
  const { publicKey, privateKey } = KEYS[alg]();
  const key = { alg, publicKey, kid: alg === "HS256" ? undefined : KID };
  if (alg === "HS256") key.secret = new Uint8Array(publicKey.export());
  else {
    key.jwk = { ...publicKey.export({ format: "jwk" }), kid: KID, use: "sig", alg };
    key.pem = publicKey.export({ format: "pem", type: "spki" });
  }
  key.sign = (header, claims) => {
    const input = `${segment({ alg, ...header, ...(key.kid && { kid: key.kid }) })}.${segment(claims)}`;
    return `${input}.${SIGNERS[alg](input, privateKey).toString("base64url")}`;
  };
  return key;
}

const KEYS = {
  EdDSA: () => generateKeyPairSync("ed25519"),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  HS256() {
    const secret = createSecretKey(randomBytes(32));
    return { publicKey: secret, privateKey: secret };
  },
};

const SIGNERS = {
  EdDSA: (input, key) => sign(null, Buffer.from(input), key),
  ES256: (input, key) => sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }),
  RS256: (input, key) => sign("sha256", Buffer.from(input), key),
  HS256: (input, key) => createHmac("sha256", key).update(input).digest(),
};

const segment = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A good token with ids of its own; what Hallpass writes into one (DESIGN 3.3), and a little more time. */
export function goodToken(key, claims = {}, header = {}) {
  const now = Math.floor(Date.now() / 1000);
  return key.sign({ typ: "at+jwt", ...header }, {
    iss: ISSUER, sub: randomUUID(), aud: AUDIENCE, client_id: "hallpass", iat: now, exp: now + 7200,
    jti: randomUUID(), sid: randomUUID(), username: "exampleUser", roles: ["member"], ...claims,
  });
}

/** What must be refused, each by what is wrong with it. */
export function badTokens(key) {
  const now = Math.floor(Date.now() / 1000);
  return {
    signature: withOneSignatureByteChanged(goodToken(key)),
    exp: goodToken(key, { iat: now - 600, exp: now - 300 }),
    iss: goodToken(key, { iss: "https://other.example.com" }),
    aud: goodToken(key, { aud: "other" }),
    typ: goodToken(key, {}, { typ: "other+jwt" }),
  };
}

/** Changes a byte in the middle: at the ends it could stay the same number, or become none of the curve's. */
function withOneSignatureByteChanged(token) {
  const [header, claims, signature] = token.split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes[bytes.length >> 1] ^= 1;
  return `${header}.${claims}.${bytes.toString("base64url")}`;
}

/** Hands out texts of these tokens in turn, each a new string as from a request's header. */
export function freshTexts(tokens) {
  const bytes = tokens.map((token) => Buffer.from(token, "latin1"));
  let at = 0;
  const next = () => bytes[(at = (at + 1) % bytes.length)].latin1Slice();
  return (count) => Array.from({ length: count }, next);
}
