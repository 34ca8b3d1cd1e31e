/** The examples of the RFCs: RFC 7515 appendix A (JWS), RFC 8037 appendix A (Ed25519), RFC 7519 §6.1. */

import { createPublicKey, verify } from "node:crypto";
import { base64url, BY_PROMISE, claims, ed25519KeyOf, header, hmac, keySet, secret, token, vector } from "../build.js";

const CLAIMS = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/** RFC 7515 appendix A.1: a token in two halves and the secret. */
const A1 = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`;
const A1_SECRET = Buffer.from("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow", "base64url");

/** Appendix A.2, RS256. */
const A2_SIGNATURE =
  "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" +
  "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" +
  "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A2 = `eyJhbGciOiJSUzI1NiJ9.${CLAIMS}.${A2_SIGNATURE}`;
export const RSA_KEY = {
  kty: "RSA",
  n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW" +
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k" +
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
  e: "AQAB",
};

/** Appendix A.3, ES256. */
const A3_SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const A3 = `eyJhbGciOiJFUzI1NiJ9.${CLAIMS}.${A3_SIGNATURE}`;
const P256_KEY = {
  kty: "EC", crv: "P-256", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};

/** Appendix A.4, ES512 over a text that is no JSON. */
const A4 = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA." +
  "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8Kp" +
  "EHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
const P521_KEY = {
  kty: "EC", crv: "P-521",
  x: "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
  y: "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
};

/** Appendices A.6 and A.7: JSON where only the compact form is a token (RFC 7519 §1). */
const A6 = JSON.stringify({
  payload: CLAIMS,
  signatures: [
    { protected: "eyJhbGciOiJSUzI1NiJ9", header: { kid: "2010-12-29" }, signature: A2_SIGNATURE },
    { protected: "eyJhbGciOiJFUzI1NiJ9", header: { kid: "e9bc097a-ce51-4036-9562-d2ade882db0d" }, signature: A3_SIGNATURE },
  ],
});
const A7 = JSON.stringify({
  payload: CLAIMS, protected: "eyJhbGciOiJFUzI1NiJ9", header: { kid: "e9bc097a-ce51-4036-9562-d2ade882db0d" }, signature: A3_SIGNATURE,
});

/** The expiry of the examples' claims, and a policy that fits them. */
const EXP = 1_300_819_380;
const joes = (keys, appendix, more) =>
  ({ policy: { issuer: "joe", audience: null, typ: null }, keys, now: EXP - 1, source: `RFC 7515 appendix ${appendix}`, ...more });

const rfc7515 = [
  vector("the HS256 example is accepted", A1, "accepted", joes(secret(A1_SECRET), "A.1")),
  vector("the HS256 example is accepted under its own typ", A1, "accepted",
    joes(secret(A1_SECRET), "A.1", { policy: { issuer: "joe", audience: null, typ: "JWT" } })),
  vector("the HS256 example is refused under the default typ", A1, "ERR_TYP_NOT_ACCEPTED",
    joes(secret(A1_SECRET), "A.1", { policy: { issuer: "joe", audience: null } })),
  vector("the HS256 example expires", A1, "ERR_TOKEN_EXPIRED", joes(secret(A1_SECRET), "A.1", { now: EXP })),
  vector("the RS256 example is accepted", A2, "accepted", joes(keySet(RSA_KEY), "A.2", BY_PROMISE)),
  vector("the RS256 example expires", A2, "ERR_TOKEN_EXPIRED", joes(keySet(RSA_KEY), "A.2", { ...BY_PROMISE, now: EXP })),
  vector("the RS256 example is refused under the default typ", A2, "ERR_TYP_NOT_ACCEPTED",
    joes(keySet(RSA_KEY), "A.2", { policy: { issuer: "joe", audience: null } })),
  vector("the RS256 example is refused by the same key for PS256", A2, "ERR_ALG_NOT_ALLOWED",
    joes(keySet({ ...RSA_KEY, alg: "PS256" }), "A.2")),
  vector("the ES256 example is accepted", A3, "accepted", joes(keySet(P256_KEY), "A.3", BY_PROMISE)),
  vector("the ES256 example expires", A3, "ERR_TOKEN_EXPIRED", joes(keySet(P256_KEY), "A.3", { ...BY_PROMISE, now: EXP })),
  vector("the ES256 example under the RS256 example's header is refused", A2.replace(A2_SIGNATURE, A3_SIGNATURE), "ERR_ALG_NOT_ALLOWED",
    joes(keySet(P256_KEY), "A.3")),
  vector("the ES256 example's signature is none by RSA", A2.replace(A2_SIGNATURE, A3_SIGNATURE), "ERR_SIGNATURE_INVALID",
    joes(keySet(RSA_KEY), "A.2", BY_PROMISE)),
  vector("the ES512 example is refused: its content is no object", A4, "ERR_JSON_INVALID", joes(keySet(P521_KEY), "A.4")),
  vector("the unsecured example is refused", `eyJhbGciOiJub25lIn0.${CLAIMS}.`, "ERR_ALG_NOT_ALLOWED", joes(secret(A1_SECRET), "A.5")),
  vector("the example in JSON is refused", A6, "ERR_TOKEN_SEGMENTS", joes(keySet(RSA_KEY), "A.6")),
  vector("the example in flattened JSON is refused", A7, "ERR_TOKEN_SEGMENTS", joes(keySet(P256_KEY), "A.7")),
  vector("the unsecured example of RFC 7519 is refused where there is no key", `eyJhbGciOiJub25lIn0.${CLAIMS}.`, "ERR_ALG_NOT_ALLOWED",
    joes(keySet(), "A.5", { source: "RFC 7519 §6.1" })),
];

/** RFC 8037 appendix A: the key of A.1 and A.2, its thumbprint of A.3, the example of A.4. */
const THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const rfcKey = ed25519KeyOf(Buffer.from("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "base64url"), { kid: THUMBPRINT });
const EDDSA_TEXT = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
const EDDSA_SIGNATURE = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

const rfc8037 = [
  vector("the Ed25519 example is refused: its content is no object", `${EDDSA_TEXT}.${EDDSA_SIGNATURE}`, "ERR_JSON_INVALID",
    { keys: keySet(rfcKey.jwk), policy: { typ: null }, source: "RFC 8037 appendix A.4" }),
  vector("an access token by the Ed25519 example's key is accepted, its thumbprint the kid",
    token(header({ kid: THUMBPRINT }), claims(), rfcKey.sign), "accepted",
    { keys: keySet(rfcKey.jwk), source: "RFC 8037 appendix A.1 to A.3" }),
  vector("the Ed25519 example's signature under an access token is refused",
    token(header({ kid: THUMBPRINT }), claims(), () => Buffer.from(EDDSA_SIGNATURE, "base64url")), "ERR_SIGNATURE_INVALID",
    { keys: keySet(rfcKey.jwk), source: "RFC 8037 appendix A.5" }),
];

/** The examples were copied: whoever signs and checks them here sees a slip of the pen. */
function assertCopiedWell() {
  const [a1Text, a1Signature] = split(A1);
  const fits = (jwk, [text, signature], hash, more) =>
    verify(hash, Buffer.from(text), { key: createPublicKey({ format: "jwk", key: jwk }), ...more }, Buffer.from(signature, "base64url"));
  const ecdsa = { dsaEncoding: "ieee-p1363" };
  const good = base64url(hmac(A1_SECRET)(a1Text)) === a1Signature && fits(RSA_KEY, split(A2), "sha256") &&
    fits(P256_KEY, split(A3), "sha256", ecdsa) && fits(P521_KEY, split(A4), "sha512", ecdsa) &&
    base64url(rfcKey.sign(EDDSA_TEXT)) === EDDSA_SIGNATURE;
  if (!good) throw new Error("an example of the RFCs was copied wrongly");
}

function split(token) {
  const dot = token.lastIndexOf(".");
  return [token.slice(0, dot), token.slice(dot + 1)];
}

assertCopiedWell();

export default [...rfc7515, ...rfc8037];
