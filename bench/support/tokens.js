/** Keys and tokens like the issuer's for each algorithm, and the invalid tokens that every contender must refuse. */

import { constants, createHmac, createSecretKey, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";

export const ISSUER = "https://auth.example.com";
export const AUDIENCE = "api";
export const ALGORITHMS = ["EdDSA", "ES256", "RS256", "PS256", "HS256"];

/** The parameters of PS256 (RFC 7518 §3.5), for Node's crypto. */
export const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

const KID = "wQ4SXhpJ4QXnHQ8wzVjFAy9E8NCHPp8mW4SuUKdq0IQ";

/** A new key: `{ alg, publicKey, jwk, pem, secret, sign(header, claims) }`; a secret has no `jwk` and no `pem`. */
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
  PS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  HS256() {
    const secret = createSecretKey(randomBytes(32));
    return { publicKey: secret, privateKey: secret };
  },
};

const SIGNERS = {
  EdDSA: (input, key) => sign(null, Buffer.from(input), key),
  ES256: (input, key) => sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }),
  RS256: (input, key) => sign("sha256", Buffer.from(input), key),
  PS256: (input, key) => sign("sha256", Buffer.from(input), { key, ...PSS }),
  HS256: (input, key) => createHmac("sha256", key).update(input).digest(),
};

const segment = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A valid token with unique ids and the claims of a Hallpass token, with a longer lifetime. */
export function goodToken(key, claims = {}, header = {}) {
  const now = Math.floor(Date.now() / 1000);
  return key.sign({ typ: "at+jwt", ...header }, {
    iss: ISSUER, sub: randomUUID(), aud: AUDIENCE, client_id: "hallpass", iat: now, exp: now + 7200,
    jti: randomUUID(), sid: randomUUID(), username: "exampleUser", roles: ["member"], ...claims,
  });
}

/** Invalid tokens, by their error. */
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

/** Changes a byte in the middle of a signature. At its ends the number could stay equal, or leave the curve's range. */
function withOneSignatureByteChanged(token) {
  const [header, claims, signature] = token.split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes[bytes.length >> 1] ^= 1;
  return `${header}.${claims}.${bytes.toString("base64url")}`;
}

/** Returns these tokens in turn, each as a new string, as from a request's header. */
export function freshTexts(tokens) {
  const bytes = tokens.map((token) => Buffer.from(token, "latin1"));
  let at = 0;
  const next = () => bytes[(at = (at + 1) % bytes.length)].latin1Slice();
  return (count) => Array.from({ length: count }, next);
}
