/** Algorithm confusion (RFC 8725 §2.1, §3.1, §3.10): a key has one algorithm, whatever the header has. Each kind of key meets the others. */

import { createPublicKey } from "node:crypto";
import {
  an, claims, ec, EDDSA, ES256, hmac, hs256Header, key, keySet, otherEc, otherPss, otherRsa, PS256, pss, RS256, rsa,
  SECRET, secret, token, vector,
} from "../build.js";
import { bytes, ps256, rs256 } from "../rsa.js";

const admin = claims({ sub: "admin" });
const ASYMMETRIC = [EDDSA, ES256, RS256, PS256];
const BY_WEBCRYPTO = [ES256, RS256, PS256];
const without = (list, one) => list.filter((each) => each !== one);

const notAllowed = (name, given, jwk, source = "RFC 8725 §3.1") =>
  vector(name, given, "ERR_ALG_NOT_ALLOWED", { keys: keySet(jwk), source });
const signed = (headerPart, { sign }) => token(headerPart, claims(), sign);

const names = ASYMMETRIC.flatMap((mine) =>
  without(["EdDSA", "ES256", "RS256", "PS256", "HS256"], mine.alg).map((name) =>
  notAllowed(`a token that says ${name} is refused by ${an(mine.alg)} key that signed it`,
    signed(mine.headerOf({ alg: name }), mine), mine.jwk)));

const others = ASYMMETRIC.flatMap((mine) => without(ASYMMETRIC, mine).flatMap((theirs) => [
  notAllowed(`a good ${theirs.alg} signature is refused by ${an(mine.alg)} key of its kid`,
    signed(theirs.headerOf(), theirs), { ...mine.jwk, kid: theirs.jwk.kid }),
  vector(`${an(theirs.alg)} signature under ${mine.alg} is refused`, signed(mine.headerOf(), theirs),
    "ERR_SIGNATURE_INVALID",
    { keys: keySet(mine.jwk), ...mine.more }),
]));

const UNHEARD = [
  "RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "ES256K", "RSA1_5", "RSA-OAEP", "ECDH-ES", "rs256", "es256",
  "ps256", "RS256 ", "SHA256withRSA", "none",
];
const spellings = BY_WEBCRYPTO.flatMap((mine) => UNHEARD.map((name) =>
  notAllowed(`alg ${JSON.stringify(name)} over a good ${mine.alg} signature is refused`,
    signed(mine.headerOf({ alg: name }), mine), mine.jwk)));
const unsigned = BY_WEBCRYPTO.map(({ alg, jwk, headerOf }) =>
  notAllowed(`alg none without a signature is refused by ${an(alg)} key`,
    token(headerOf({ alg: "none" }), admin, () => ""),
    jwk, "RFC 8725 §2.1, CVE-2015-9235"));

/** A public key is known to all: whoever takes it for a secret takes everybody's tokens. */
const exported = (jwk, format, type = "spki") =>
  createPublicKey({ format: "jwk", key: jwk }).export({ format, type });
const asSecret = ({ alg, jwk, headerOf }, spellings) => Object.entries(spellings).map(([name, text]) =>
  notAllowed(`an HMAC by ${an(alg)} key as ${name} is refused`, token(headerOf({ alg: "HS256" }), admin, hmac(text)),
    jwk,
    "RFC 8725 §2.1, CVE-2016-10555"));
const common = (jwk) => ({
  PEM: exported(jwk, "pem"),
  "PEM without its last line break": exported(jwk, "pem").trimEnd(),
  DER: exported(jwk, "der"),
  "its JWK": JSON.stringify(jwk),
  nothing: "",
});
const x = Buffer.from(ec.jwk.x, "base64url");
const secrets = [
  ...asSecret(ES256, { ...common(ec.jwk), "its x": x, "its x in base64url": ec.jwk.x }),
  ...asSecret(ES256, { "its point": Buffer.concat([Buffer.from([4]), x, Buffer.from(ec.jwk.y, "base64url")]) }),
  ...asSecret(RS256, { ...common(rsa.jwk), "its modulus": bytes(rsa.n), "its modulus in base64url": rsa.jwk.n }),
  ...asSecret(RS256, { "PKCS #1's PEM": exported(rsa.jwk, "pem", "pkcs1") }),
  ...asSecret(PS256, { PEM: exported(pss.jwk, "pem"), "its modulus": bytes(pss.n) }),
  ...BY_WEBCRYPTO.map(({ alg, sign }) =>
    vector(`${an(alg)} signature is refused by who shares a secret`, token(hs256Header({ alg }), claims(), sign),
      "ERR_ALG_NOT_ALLOWED", { keys: secret(SECRET) })),
];

/** The attacker's own keys, in every place where a header may bring one or name one. */
const ATTACKERS = [
  { mine: ES256, jwk: otherEc.jwk, sign: otherEc.sign },
  { mine: RS256, jwk: otherRsa.jwk, sign: rs256(otherRsa) },
  { mine: PS256, jwk: otherPss.jwk, sign: ps256(otherPss) },
];
const places = (jwk) => ({ jwk, x5c: [exported(jwk, "der").toString("base64")],
  jku: "https://evil.example/jwks.json" });
const embedded = ATTACKERS.flatMap(({ mine: { alg, jwk: mine, headerOf, more }, jwk, sign }) => [
  ...Object.entries(places(jwk)).map(([name, value]) =>
    vector(`${an(alg)} key that the header brings by ${name} is not trusted`,
      token(headerOf({ [name]: value }), admin, sign), "ERR_SIGNATURE_INVALID",
      { keys: keySet(mine), source: "RFC 8725 §3.10, CVE-2018-0114", ...more })),
  vector(`${an(alg)} key that the header brings is not trusted by its own kid`,
    token(headerOf({ kid: jwk.kid, jwk }), admin, sign), "ERR_KEY_UNKNOWN",
    { keys: keySet(mine), source: "RFC 8725 §3.10" }),
  notAllowed(`${an(alg)} key that the header brings is not trusted over an Ed25519 key of its kid`,
    token(headerOf({ jwk }), admin, sign), { ...key.jwk, kid: mine.kid }, "RFC 8725 §3.10"),
]);

export default [...names, ...others, ...spellings, ...unsigned, ...secrets, ...embedded];
