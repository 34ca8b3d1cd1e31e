/** Key sets with keys of several kinds: the `alg` of each key (RFC 7517 §4.4), and the key that a token selects. */

import {
  an, base64url, BY_PROMISE, claims, ec, EDDSA, ES256, header, hmac, hs256Header, issuer, issuerBySecret, key, keySet,
  NOW, PS256, pss, RS256, rsa, SECRET, token, vector,
} from "../build.js";
import { ecKey, P384, SECP256K1 } from "../ecdsa.js";

const KINDS = [EDDSA, ES256, RS256, PS256];
const BY_WEBCRYPTO = [ES256, RS256, PS256];
const good = ({ headerOf, sign }, changes) => token(headerOf(changes), claims(), sign);
const of = (name, given, outcome, keys, more) => vector(name, given, outcome, { keys: keySet(...keys), ...more });

const ofAlg = (name, kind, alg, outcome, more) => of(name, good(kind), outcome, [{ ...kind.jwk, alg }], more);
const accepted = (name, kind, alg) => ofAlg(name, kind, alg, "accepted", kind.more);
const passedOver = { source: "RFC 7517 §5" };

/** The names that a key may give, by what it is: its own, those of other kinds, and those that nobody here knows. */
const NAMES = [
  [EDDSA, ["EdDSA", "Ed25519"], ["ES256", "RS256", "PS256", "HS256", "HS512", "ES384"],
    ["Ed448", "ECDH-ES", "none", "eddsa"]],
  [ES256, ["ES256"], ["EdDSA", "Ed25519", "RS256", "PS256", "HS256", "ES384", "ES512"],
    ["ES256K", "ECDH-ES", "ECDH-ES+A128KW", "none", "es256"]],
  [RS256, ["RS256"], ["EdDSA", "Ed25519", "ES256", "HS256", "ES512"],
    ["RS1", "RSA-OAEP", "RSA-OAEP-256", "RSA1_5", "none", "rs256"]],
];
const NO_NAMES = [["a number", 7], ["an array", ["ES256"]], ["an object", {}], ["true", true]];
const says = [
  ...NAMES.flatMap(([kind, own, foreign, unknown]) => [
    ...[undefined, null, ""].map((alg) =>
      accepted(`a key of ${kind.alg}'s kind whose alg is ${JSON.stringify(alg)} is for ${kind.alg}`, kind, alg)),
    ...own.map((alg) => accepted(`a key of ${kind.alg}'s kind that says ${alg} is for that`, kind, alg)),
    ...foreign.map((alg) =>
      ofAlg(`a key of ${kind.alg}'s kind that says ${alg} is refused, another kind's`, kind, alg,
        "ERR_KEY_SET_INVALID")),
    ...unknown.map((alg) =>
      ofAlg(`a key of ${kind.alg}'s kind that says ${JSON.stringify(alg)} is passed over`, kind, alg, "ERR_KEY_UNKNOWN",
        passedOver)),
    ...NO_NAMES.map(([what, alg]) =>
      ofAlg(`a key of ${kind.alg}'s kind whose alg is ${what} is refused`, kind, alg, "ERR_KEY_SET_INVALID")),
  ]),
  ofAlg("an RSA key that says nothing is not for PS256", PS256, undefined, "ERR_ALG_NOT_ALLOWED"),
  ofAlg("an RSA key that says PS256 is not for RS256", RS256, "PS256", "ERR_ALG_NOT_ALLOWED"),
  ofAlg("an RSA key that says RS256 is not for PS256", PS256, "RS256", "ERR_ALG_NOT_ALLOWED"),
  ...["RS384", "RS512", "PS384", "PS512"].map((alg) =>
    ofAlg(`an RSA key that says ${alg} is not for RS256`, RS256, alg, "ERR_ALG_NOT_ALLOWED")),
  of("an RSA key of 8 bits for encryption is passed over, and not looked at", good(RS256), "ERR_KEY_UNKNOWN",
    [{ ...rsa.jwk, n: "xQ", alg: "RSA-OAEP" }], passedOver),
  ...BY_WEBCRYPTO.map((kind) =>
    of(`${an(kind.alg)} key for encryption is passed over`, good(kind), "ERR_KEY_UNKNOWN",
      [{ ...kind.jwk, use: "enc" }],
      { source: "RFC 7517 §4.2" })),
];

const everyKey = KINDS.map(({ jwk }) => jwk);
const found = [
  ...KINDS.flatMap((kind) => [
    of(`in a set of every kind, ${kind.alg}'s key is found by its kid`, good(kind), "accepted", everyKey, kind.more),
    of(`in a set of every kind, ${an(kind.alg)} token that names no key is for the key of its algorithm`,
      good(kind, { kid: undefined }), "accepted", everyKey, kind.more),
  ]),
  ...BY_WEBCRYPTO.map((kind) =>
    of(`${an(kind.alg)} token that names no key means the only one`, good(kind, { kid: undefined }), "accepted",
      [{ ...kind.jwk, kid: undefined }], kind.more)),
  of("an EdDSA token is verified beside keys of other kinds, without a promise too", good(EDDSA), "accepted",
    [ec.jwk, rsa.jwk, key.jwk]),
  of("one modulus may be two keys, for RS256 and for PS256", good(PS256), "accepted", [rsa.jwk, pss.jwk], BY_PROMISE),
  of("the kid of a key that is passed over is free", good(EDDSA), "accepted",
    [ecKey(SECP256K1, "k1", 7).jwk, { ...rsa.jwk, kid: "k1", alg: "RSA-OAEP" }, key.jwk]),
];

const refused = (name, kind, keys, more) => of(name, good(kind), "ERR_KEY_SET_INVALID", keys, more);
const beside = (name, kind, keys, more) => of(name, good(kind), "accepted", keys, { ...kind.more, ...more });
const mistakes = [
  ...BY_WEBCRYPTO.map(({ alg, jwk }) =>
    beside(`one kid for an Ed25519 and ${an(alg)} key names the key of the token's algorithm`, EDDSA,
      [key.jwk, { ...jwk, kid: key.kid }], { source: "RFC 7517 §4.5" })),
  beside("one kid for RS256 and PS256 by one modulus names the key of the token's algorithm", RS256,
    [{ ...pss.jwk, kid: rsa.kid }, rsa.jwk]),
  beside("one kid for an RS256 and an ES256 key names the key of the token's algorithm", ES256, [{ ...rsa.jwk, kid: ec.kid }, ec.jwk]),
  beside("a P-256 key without a kid beside another is not in the way", EDDSA, [key.jwk, { ...ec.jwk, kid: undefined }]),
  refused("an RSA key whose kid is a number is refused", RS256, [{ ...rsa.jwk, kid: 1 }]),
  beside("a bad P-256 key beside a good key is skipped", EDDSA, [key.jwk, { ...ec.jwk, y: ec.jwk.x }]),
  beside("a short RSA key beside a good key is skipped", EDDSA, [key.jwk, { ...rsa.jwk, n: "xQ" }]),
  refused("a private P-256 key is refused: it must never have been published", ES256,
    [{ ...ec.jwk, d: base64url(ec.secret) }]),
  refused("a private RSA key is refused: it must never have been published", RS256, [{ ...rsa.jwk, d: "AQAB" }]),
  ...["p", "q", "dp", "dq", "qi", "oth"].map((name) =>
    refused(`an RSA key that tells its ${name} is refused: that gives the private key away`, RS256, [{ ...rsa.jwk, [name]: "AQAB" }])),
  beside("a private key on another curve beside a good key is skipped", EDDSA,
    [key.jwk, { ...ecKey(P384, "e3", 7).jwk, d: base64url(Buffer.alloc(48, 7)) }]),
  beside("a private RSA key for encryption beside a good key is skipped", EDDSA,
    [key.jwk, { ...rsa.jwk, use: "enc", d: "AQAB" }]),
];

const [A, B, C, D] = ["a", "b", "c", "d"].map((name) => `https://${name}.example`);
const HOUSES = [[A, EDDSA], [B, ES256], [C, RS256]];
const issuers = [...HOUSES.map(([name, { jwk }]) => issuer(name, keySet(jwk))), issuerBySecret(D, SECRET)];
const oneKid = HOUSES.map(([name, { jwk }]) => issuer(name, keySet({ ...jwk, kid: "k1" })));
const from = (iss, { headerOf, sign }, changes) => token(headerOf(changes), claims({ iss }), sign);
const severalIssuers = [
  ...HOUSES.map(([name, kind]) =>
    vector(`of several issuers, the one by ${kind.alg} is believed by its own key`, from(name, kind), "accepted",
      { issuers, ...kind.more })),
  vector("of several issuers, the one by a secret is believed beside those of every kind",
    token(hs256Header(), claims({ iss: D }), hmac(SECRET)), "accepted", { issuers }),
  ...HOUSES.flatMap(([name, mine]) => HOUSES.filter(([other]) => other !== name).flatMap(([, theirs]) => [
    vector(`of several issuers, ${mine.alg}'s is not believed by ${theirs.alg}'s key`, from(name, theirs),
      "ERR_KEY_UNKNOWN", { issuers }),
    vector(`of several issuers with one kid, ${mine.alg}'s is not believed by ${theirs.alg}'s key`,
      from(name, theirs, { kid: "k1" }), "ERR_ALG_NOT_ALLOWED", { issuers: oneKid }),
  ])),
  vector("a bad P-256 key of one issuer is nothing that another can mend", from(B, ES256), "ERR_KEY_SET_INVALID",
    { issuers: [issuer(B, keySet({ ...ec.jwk, y: ec.jwk.x })), issuer(C, keySet(rsa.jwk))] }),
];

/** Whatever comes before the signature is named without a promise, and nothing that comes after it. */
const wrong = claims({ exp: 1, iss: "https://evil.example", aud: "web" });
const broken = () => Buffer.alloc(64, 1);
const ordering = BY_WEBCRYPTO.flatMap(({ alg, jwk, headerOf, sign, more }) => {
  const before = (name, headerPart, outcome, claimsPart = wrong) =>
    of(`with ${an(alg)} key, ${name} named before the signature`, token(headerPart, claimsPart, broken), outcome,
      [jwk]);
  const after = (name, changes, outcome, policy) =>
    of(`with ${an(alg)} key, ${name} named where the signature fits`, token(headerOf(), claims(changes), sign), outcome,
      [jwk],
      { ...more, policy });
  const first = (name, claimsPart, policy) =>
    of(`with ${an(alg)} key, the signature is named before ${name}`, token(headerOf(), claimsPart, broken),
      "ERR_SIGNATURE_INVALID", [jwk], { ...more, policy });
  return [
    of(`with ${an(alg)} key, base64url is named before the signature`, `${token(headerOf(), wrong, broken)}=`,
      "ERR_BASE64_INVALID", [jwk]),
    before("duplicate claims are", headerOf(), "ERR_JSON_DUPLICATE_MEMBER", '{"a":1,"a":1}'),
    before("crit is", headerOf({ crit: ["x"] }), "ERR_CRIT_NOT_SUPPORTED"),
    before("typ is", headerOf({ typ: "JWT" }), "ERR_TYP_NOT_ACCEPTED"),
    before("alg is", headerOf({ alg: "HS256" }), "ERR_ALG_NOT_ALLOWED"),
    before("a kid that is no text is", headerOf({ kid: 7 }), "ERR_KID_INVALID"),
    before("an unknown key is", headerOf({ kid: "k9" }), "ERR_KEY_UNKNOWN"),
    first("every claim", wrong),
    first("a missing claim", "{}", { requiredClaims: ["sid"], maxTokenAge: 1 }),
    after("an exp that is no number is", { exp: "soon" }, "ERR_CLAIM_INVALID exp"),
    after("an nbf to come is", { nbf: NOW + 10 }, "ERR_TOKEN_NOT_YET_VALID"),
    after("an age that is too great is", { iat: NOW - 60 }, "ERR_TOKEN_TOO_OLD", { maxTokenAge: 60 }),
    after("a missing claim is", {}, "ERR_CLAIM_INVALID sid", { requiredClaims: ["sid"] }),
  ];
});

export default [...says, ...found, ...mistakes, ...severalIssuers, ...ordering];
