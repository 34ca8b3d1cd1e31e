/** One regression for each well-known attack on tokens (RFC 8725 §2), and the order in which faults are named. Keys of several kinds are in `kinds.js`. */

import { createPublicKey } from "node:crypto";
import {
  base64url, claims, header, hmac, hs256Header, issuer, key, keySet, NOW, ofClaims, ofHeader, otherKey, SECRET, secret, token, vector,
} from "../build.js";

const admin = claims({ sub: "admin" });
const unsigned = (headerPart) => token(headerPart, admin, () => "");
const notAllowed = (name, given, more) => vector(name, given, "ERR_ALG_NOT_ALLOWED", { source: "RFC 8725 §3.1", ...more });

const none = { source: "RFC 8725 §2.1, CVE-2015-9235" };
const algNone = [
  ...["none", "None", "NONE", "nOnE", "none ", "NoN\u0435", "null", ""].map((alg) =>
    notAllowed(`alg ${JSON.stringify(alg)} without a signature is refused`, unsigned(header({ alg })), none)),
  notAllowed("alg none with the signature of a good token is refused", token(header({ alg: "none" })), none),
  notAllowed("alg none without a kid is refused", unsigned({ alg: "none", typ: "at+jwt" }), none),
  notAllowed("alg none is refused by who shares a secret", unsigned(hs256Header({ alg: "none" })), { ...none, keys: secret(SECRET) }),
  notAllowed("alg none is refused where the key set is empty", unsigned(header({ alg: "none" })), { ...none, keys: keySet() }),
  notAllowed("no alg is refused", token(header({ alg: undefined }))),
  notAllowed("an alg of null is refused", token(header({ alg: null }))),
  notAllowed("an alg that is a number is refused", token(header({ alg: 0 }))),
  notAllowed("an alg that is an array is refused", token(header({ alg: ["EdDSA"] }))),
  notAllowed("an alg in another member's case is refused", token(header({ alg: undefined, Alg: "EdDSA" }))),
];

const spki = (jwk, format) => createPublicKey({ format: "jwk", key: jwk }).export({ format, type: "spki" });
const forged = (name, bytes) =>
  notAllowed(`an HMAC by the public key as ${name} is refused`, token(header({ alg: "HS256" }), admin, hmac(bytes)),
    { source: "RFC 8725 §2.1, CVE-2016-5431" });
const confusion = [
  ...["eddsa", "EDDSA", "ed25519", "Ed448", "ES256", "ES384", "ES512", "ES256K", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "HS256", "HS384", "HS512", "HS1", "dir", "A256GCM", "EdDSA ",
  ].map((alg) => notAllowed(`alg ${JSON.stringify(alg)} over a good signature is refused`, token(header({ alg })))),
  forged("its bytes", Buffer.from(key.jwk.x, "base64url")),
  forged("its base64url", key.jwk.x),
  forged("its JWK", JSON.stringify(key.jwk)),
  forged("PEM", spki(key.jwk, "pem")),
  forged("PEM without its last line break", spki(key.jwk, "pem").trimEnd()),
  forged("DER", spki(key.jwk, "der")),
  forged("nothing", ""),
  ...["EdDSA", "Ed25519", "RS256", "PS256", "ES256", "HS384", "HS512", "hs256"].map((alg) =>
    notAllowed(`alg ${JSON.stringify(alg)} is refused by who shares a secret`, token(hs256Header({ alg }), admin, hmac(SECRET)),
      { keys: secret(SECRET) })),
  notAllowed("a signature by anybody's key is refused by who shares a secret", token(hs256Header({ alg: "EdDSA" }), admin, otherKey.sign),
    { keys: secret(SECRET) }),
];

/** The attacker's own key, in every place where a header may bring or name one. */
const brought = {
  jwk: { jwk: otherKey.jwk },
  jku: { jku: "https://evil.example/jwks.json" },
  x5u: { x5u: "https://evil.example/cert.pem" },
  x5c: { x5c: [spki(otherKey.jwk, "der").toString("base64")] },
  x5t: { x5t: base64url(Buffer.alloc(20)), "x5t#S256": base64url(Buffer.alloc(32)) },
};
const embedded = [
  ...Object.entries(brought).flatMap(([name, members]) => [
    vector(`a key that the header brings by ${name} is not trusted`, token(header(members), admin, otherKey.sign), "ERR_SIGNATURE_INVALID",
      { source: "RFC 8725 §3.10, CVE-2018-0114" }),
    ofHeader(`${name} beside a good signature is passed over`, header(members), "accepted"),
  ]),
  vector("a key that the header brings is not trusted by its own kid",
    token(header({ kid: "k2", jwk: otherKey.jwk }), admin, otherKey.sign), "ERR_KEY_UNKNOWN", { source: "RFC 8725 §3.10" }),
  vector("a key that the header brings is not trusted where there is none", token(header({ jwk: otherKey.jwk }), admin, otherKey.sign),
    "ERR_KEY_UNKNOWN", { source: "RFC 8725 §3.10", keys: keySet() }),
  vector("a private key that the header brings is not trusted",
    token(header({ jwk: { ...otherKey.jwk, d: base64url(otherKey.seed) } }), admin, otherKey.sign), "ERR_SIGNATURE_INVALID"),
  vector("a secret that the header brings is not trusted",
    token(header({ alg: "HS256", jwk: { kty: "oct", k: base64url(SECRET) } }), admin, hmac(SECRET)), "ERR_ALG_NOT_ALLOWED"),
];

const injected = [
  "../../../../../../dev/null", "/dev/null", "file:///dev/null", "https://evil.example/key", "k1' UNION SELECT 'secret' --", "$(id)",
  "{\"$ne\":null}", "*", "__proto__", "constructor", "0", "k1,k2", "x".repeat(4000),
];
const kids = injected.flatMap((kid) => {
  const name = kid.length > 100 ? `of ${kid.length} characters` : JSON.stringify(kid);
  return [vector(`the kid ${name} is unknown, an empty secret's HMAC no help`, token(header({ alg: "HS256", kid }), admin, hmac("")),
    "ERR_KEY_UNKNOWN", { source: "RFC 8725 §3.10" })];
});

const proto = (members) => `${JSON.stringify(claims({ exp: undefined })).slice(0, -1)},"__proto__":${JSON.stringify(members)}}`;
const substitution = [
  ofClaims("claims cannot inherit an exp", proto({ exp: NOW + 300 }), "ERR_CLAIM_INVALID exp"),
  ofClaims("__proto__ is a claim like any other", `${JSON.stringify(claims()).slice(0, -1)},"__proto__":{"admin":true}}`, "accepted"),
  vector("a token for another service is refused", token(header(), claims({ aud: "mail" })), "ERR_CLAIM_INVALID aud",
    { source: "RFC 8725 §2.7" }),
  vector("an id token is refused where an access token must be", token(header({ typ: "JWT" }), claims({ nonce: "n" })),
    "ERR_TYP_NOT_ACCEPTED", { source: "RFC 8725 §2.8" }),
  vector("an encrypted token's header in a signed one is refused", token(header({ alg: "dir", enc: "A256GCM" }), admin, hmac(SECRET)),
    "ERR_ALG_NOT_ALLOWED", { source: "RFC 8725 §2.3" }),
  notAllowed("a password's hash that would take for ever is never begun",
    token(header({ alg: "PBES2-HS512+A256KW", p2s: "AAAA", p2c: 2_147_483_647 }), admin, hmac(SECRET)), { source: "CVE-2023-52428" }),
  ofHeader("compression is not understood, and not looked for", header({ zip: "DEF" }), "accepted"),
];

const bad = { alg: "none", kid: 7, typ: "JWT" };
const wrong = claims({ exp: 1, iss: "https://evil.example", aud: "web" });
const broken = () => Buffer.alloc(64, 1);
const twoIssuers = [issuer("https://a.example", keySet(key.jwk)), issuer("https://b.example", keySet(otherKey.jwk))];
const ordering = [
  vector("of all faults the size is named first", `${token(header(bad), wrong, broken)}.${"!".repeat(8192)}`, "ERR_TOKEN_TOO_LARGE"),
  vector("the segments are named before base64url", "!.!", "ERR_TOKEN_SEGMENTS"),
  vector("base64url is named before the header", `${token(header(bad), wrong, broken)}=`, "ERR_BASE64_INVALID"),
  vector("duplicate claims are named before the header", token(header(bad), '{"a":1,"a":1}', broken), "ERR_JSON_DUPLICATE_MEMBER"),
  vector("crit is named before the signature", token(header({ crit: ["x"] }), wrong, broken), "ERR_CRIT_NOT_SUPPORTED"),
  vector("alg is named before the signature", token(header({ alg: "none" }), wrong, broken), "ERR_ALG_NOT_ALLOWED"),
  vector("typ is named before the signature", token(header({ typ: "JWT" }), wrong, broken), "ERR_TYP_NOT_ACCEPTED"),
  vector("a kid that is no text is named before the signature", token(header({ kid: 7 }), wrong, broken), "ERR_KID_INVALID"),
  vector("a typ that is not accepted is named before an unknown key", token(header({ typ: "JWT", kid: "k9" }), wrong, broken),
    "ERR_TYP_NOT_ACCEPTED"),
  vector("alg is named before an issuer that is not among several",
    token(header({ alg: "none" }), claims({ iss: "https://c.example" }), broken), "ERR_ALG_NOT_ALLOWED", { issuers: twoIssuers }),
  vector("an unknown key is named before the signature", token(header({ kid: "k9" }), wrong, broken), "ERR_KEY_UNKNOWN"),
  vector("the signature is named before every claim", token(header(), wrong, broken), "ERR_SIGNATURE_INVALID"),
  vector("the signature is named before claims of wrong types", token(header(), claims({ exp: "x", iat: "x", aud: 1 }), broken),
    "ERR_SIGNATURE_INVALID"),
  vector("the signature is named before a claim that is missing", token(header(), "{}", broken), "ERR_SIGNATURE_INVALID",
    { policy: { requiredClaims: ["sid"], maxTokenAge: 1 } }),
  vector("a foreign token that has expired is foreign first", token(header(), claims({ exp: 1 }), otherKey.sign), "ERR_SIGNATURE_INVALID"),
];

export default [...algNone, ...confusion, ...embedded, ...kids, ...substitution, ...ordering];
