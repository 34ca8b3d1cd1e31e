/** The header parameters typ, crit and kid (RFC 7515 §4.1, RFC 8725 §3.11). Vectors for `alg` are in `attacks.js`. */

import { claims, ec, ed25519Key, header, key, keySet, ofHeader, otherKey, rsa, token, vector } from "../build.js";

const typ = (given) => header({ typ: given });
const accepting = (types) => ({ policy: { typ: types }, source: "RFC 8725 §3.11" });
const bySource = { source: "RFC 7515 §4.1.9" };

const types = [
  ofHeader("a typ in capitals is accepted", typ("AT+JWT"), "accepted", bySource),
  ofHeader("a typ as a whole media type is accepted", typ("application/at+jwt"), "accepted", bySource),
  ofHeader("a typ as a whole media type in mixed case is accepted", typ("Application/At+Jwt"), "accepted", bySource),
  ofHeader("no typ is refused", typ(undefined), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a typ of null is refused", typ(null), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a typ that is a number is refused", typ(7), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a typ that is an array is refused", typ(["at+jwt"]), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("an empty typ is refused", typ(""), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a typ of JWT, say an id token's, is refused", typ("JWT"), "ERR_TYP_NOT_ACCEPTED", { source: "RFC 8725 §3.11" }),
  ofHeader("a typ of logout+jwt is refused", typ("logout+jwt"), "ERR_TYP_NOT_ACCEPTED", { source: "RFC 8725 §3.11" }),
  ofHeader("a typ with a space after it is refused", typ("at+jwt "), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a typ with a parameter is refused", typ("at+jwt;x=y"), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a typ of another tree is refused", typ("text/at+jwt"), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a typ with application twice is refused", typ("application/application/at+jwt"), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a typ with a letter that only looks the same is refused", typ("\u0430t+jwt"), "ERR_TYP_NOT_ACCEPTED"),
  ofHeader("a Kelvin sign in a typ is no k", typ("to\u212aen+jwt"), "ERR_TYP_NOT_ACCEPTED", accepting("token+jwt")),
  ofHeader("another typ is accepted where the policy names it", typ("JWT"), "accepted", accepting("JWT")),
  ofHeader("an access token is refused where the policy names another typ", typ("at+jwt"), "ERR_TYP_NOT_ACCEPTED", accepting("JWT")),
  ofHeader("the last of several types is accepted", typ("b+jwt"), "accepted", accepting(["a+jwt", "b+jwt"])),
  ofHeader("a typ that is none of several is refused", typ("at+jwt"), "ERR_TYP_NOT_ACCEPTED", accepting(["a+jwt", "b+jwt"])),
  ofHeader("a policy that names a whole media type accepts the short form", typ("jwt"), "accepted", accepting("application/JWT")),
  ofHeader("any typ is accepted where the policy says so", typ("anything"), "accepted", accepting(null)),
  ofHeader("no typ is accepted where the policy says so", typ(undefined), "accepted", accepting(null)),
];

const crit = (value, more) => header({ crit: value, ...more });
const byCrit = { source: "RFC 7515 §4.1.11" };
const extensions = [
  ofHeader("crit with an extension that nobody knows is refused", crit(["exp"], { exp: 1 }), "ERR_CRIT_NOT_SUPPORTED", byCrit),
  ofHeader("crit with unencoded claims is refused", crit(["b64"], { b64: false }), "ERR_CRIT_NOT_SUPPORTED", { source: "RFC 7797 §6" }),
  ofHeader("crit that names an extension which is not there is refused", crit(["x"]), "ERR_CRIT_NOT_SUPPORTED", byCrit),
  ofHeader("crit that names a registered member is refused", crit(["alg"]), "ERR_CRIT_NOT_SUPPORTED", byCrit),
  ofHeader("crit that is empty is refused", crit([]), "ERR_CRIT_NOT_SUPPORTED", byCrit),
  ofHeader("crit that is null is refused", crit(null), "ERR_CRIT_NOT_SUPPORTED", byCrit),
  ofHeader("crit that is a text is refused", crit("b64"), "ERR_CRIT_NOT_SUPPORTED", byCrit),
  ofHeader("crit in another case is a member like any other", header({ Crit: ["x"] }), "accepted"),
  ofHeader("b64 without crit is passed over: the claims are base64url all the same", header({ b64: false }), "accepted",
    { source: "RFC 7797 §6" }),
  vector("crit among the claims is a claim like any other", token(header(), claims({ crit: ["x"] })), "accepted"),
  ofHeader("members that nobody knows are passed over", header({ x: { y: 1 }, cty: "json" }), "accepted", { source: "RFC 7515 §4" }),
];

const kid = (given) => header({ kid: given });
const stranger = ed25519Key("s1", 9);
/** The key after so many others, and after two keys of other algorithms. */
const after = (count) => ({
  keys: keySet(ec.jwk, rsa.jwk, ...Array.from({ length: count }, (_, index) => ed25519Key(`o${index}`, 20 + index).jwk), key.jwk),
});
const two = { keys: keySet(key.jwk, otherKey.jwk) };
const ids = [
  ofHeader("no kid means the one key there is", kid(undefined), "accepted"),
  ofHeader("no kid means the first of two keys, which fits", kid(undefined), "accepted", two),
  vector("no kid means the second of two keys, which fits", token(kid(undefined), claims(), otherKey.sign), "accepted", two),
  vector("no kid means none of two keys, of which none fits", token(kid(undefined), claims(), stranger.sign), "ERR_SIGNATURE_INVALID", two),
  vector("without a kid, the fourth key of the algorithm is tried", token(kid(undefined), claims(), key.sign), "accepted", after(3)),
  vector("without a kid, the fifth key of the algorithm is not tried", token(kid(undefined), claims(), key.sign), "ERR_SIGNATURE_INVALID",
    after(4)),
  ofHeader("of two keys the kid finds the first", kid("k1"), "accepted", two),
  vector("of two keys the kid finds the second", token(kid("k2"), claims(), otherKey.sign), "accepted", two),
  ofHeader("the kid of the other key makes a signature wrong", kid("k2"), "ERR_SIGNATURE_INVALID", two),
  ofHeader("an unknown kid is refused, though the key would fit", kid("k3"), "ERR_KEY_UNKNOWN"),
  ofHeader("an empty kid is unknown", kid(""), "ERR_KEY_UNKNOWN"),
  ofHeader("a kid in another case is unknown", kid("K1"), "ERR_KEY_UNKNOWN", { source: "RFC 7515 §4.1.4" }),
  ofHeader("a kid with a space before it is unknown", kid(" k1"), "ERR_KEY_UNKNOWN"),
  ofHeader("a kid with a NUL after it is unknown", kid("k1\0"), "ERR_KEY_UNKNOWN"),
  ofHeader("a kid that is composed otherwise is unknown", kid("e\u0301"), "ERR_KEY_UNKNOWN",
    { keys: keySet({ ...key.jwk, kid: "\u00e9" }) }),
  ofHeader("a kid beyond the basic plane finds its key", kid("\u{1f511}"), "accepted", { keys: keySet({ ...key.jwk, kid: "\u{1f511}" }) }),
  ofHeader("a kid that is a number is refused", kid(1), "ERR_KID_INVALID"),
  ofHeader("a kid that is a number is refused, though a key's id reads the same", kid(1), "ERR_KID_INVALID",
    { keys: keySet({ ...key.jwk, kid: "1" }) }),
  ofHeader("a kid that is null is refused, though there is one key only", kid(null), "ERR_KID_INVALID"),
  ofHeader("a kid that is true is refused", kid(true), "ERR_KID_INVALID"),
  ofHeader("a kid that is an array is refused", kid(["k1"]), "ERR_KID_INVALID"),
  ofHeader("a kid that is an object is refused", kid({ k1: 1 }), "ERR_KID_INVALID"),
];

export default [...types, ...extensions, ...ids];
