/** What claims must be: times, issuer, audience, and those that the policy asks for (RFC 7519 §4.1). */

import { claims, NOW, ofClaims, spelled } from "../build.js";

const LAST = 253_402_300_799;

/** A claim whose value is spelled by hand, at an outcome that names the claim unless it is another code. */
const written = (name, text, outcome = `ERR_CLAIM_INVALID ${name}`, more = {}) =>
  ofClaims(`${name} of ${text} is ${outcome === "accepted" ? "accepted" : "refused"}`, spelled(claims(), name, text), outcome, more);

const times = [
  ...['"1790000300"', "null", "true", "[1790000300]", "{}", '""', '"Infinity"'].map((text) => written("exp", text)),
  ...["1790000300.5", "1790000300.0", "1.7900003e9", "179000030000e-2", String(LAST + 1), "9007199254740993", "18446744073709551615",
    "18446744073709551616", "1e308"].map((text) => written("exp", text, "accepted", { source: "RFC 7519 §2" })),
  ...["-1", "-0", "-1790000300", "-1e308", "1e-308"].map((text) => written("exp", text, "ERR_TOKEN_EXPIRED")),
  ...["1e400", "-1e400", "NaN", "Infinity", "01790000300", "+1790000300", "0x6ab13a2c", "1790000300.", ".5"].map((text) =>
    written("exp", text, "ERR_JSON_INVALID", { source: "RFC 8259 §6" })),
  written("exp", "0", "ERR_TOKEN_EXPIRED"),
  written("exp", String(LAST), "accepted"),
  ...["nbf", "iat"].flatMap((name) => ['"1790000000"', "null", "1e400"].map((text) =>
    written(name, text, text === "1e400" ? "ERR_JSON_INVALID" : undefined))),
  ...["1790000000.5", "1e308", String(LAST + 1)].map((text) => written("nbf", text, "ERR_TOKEN_NOT_YET_VALID")),
  ...["1789999999.5", "1.79e9", "-1", "-0.5"].map((text) => written("nbf", text, "accepted")),
  ...["1790000000.5", "1.688117968E9", "-1", "1e308", String(LAST + 1)].map((text) => written("iat", text, "accepted")),
  ofClaims("no exp is refused: no token is good for ever", claims({ exp: undefined }), "ERR_CLAIM_INVALID exp"),
  ofClaims("an exp in another case is no exp", claims({ exp: undefined, Exp: NOW + 300 }), "ERR_CLAIM_INVALID exp"),
  ofClaims("no nbf and no iat are accepted", claims({ iat: undefined }), "accepted"),
];

const at = (now, leeway) => ({ now, policy: { leeway } });
const late = claims({ nbf: NOW + 100 });
const boundaries = [
  ofClaims("a token is good in the second before its exp", claims(), "accepted", at(NOW + 299)),
  ofClaims("a token has expired at its exp", claims(), "ERR_TOKEN_EXPIRED", at(NOW + 300)),
  ofClaims("a token with a fraction in exp has expired at its whole second", spelled(claims(), "exp", "1790000300.9"),
    "ERR_TOKEN_EXPIRED", at(NOW + 300)),
  ofClaims("a token with a fraction in exp is good in the second before", spelled(claims(), "exp", "1790000300.9"), "accepted",
    at(NOW + 299)),
  ofClaims("a token with a fraction in nbf is good from the next whole second", spelled(claims(), "nbf", "1790000100.1"), "accepted",
    at(NOW + 101)),
  ofClaims("a token with a fraction in nbf is not good in its whole second", spelled(claims(), "nbf", "1790000100.1"),
    "ERR_TOKEN_NOT_YET_VALID", at(NOW + 100)),
  ofClaims("leeway moves exp: good in the second before", claims(), "accepted", at(NOW + 304, 5)),
  ofClaims("leeway moves exp: expired at exp and leeway", claims(), "ERR_TOKEN_EXPIRED", at(NOW + 305, 5)),
  ofClaims("a leeway beyond all times ends nothing", claims({ exp: 0 }), "accepted", at(NOW, Number.MAX_SAFE_INTEGER)),
  ofClaims("a token is not good in the second before its nbf", late, "ERR_TOKEN_NOT_YET_VALID", at(NOW + 99)),
  ofClaims("a token is good at its nbf", late, "accepted", at(NOW + 100)),
  ofClaims("leeway moves nbf: not good in the second before", late, "ERR_TOKEN_NOT_YET_VALID", at(NOW + 94, 5)),
  ofClaims("leeway moves nbf: good at nbf less leeway", late, "accepted", at(NOW + 95, 5)),
  ofClaims("an nbf after exp is never good", claims({ nbf: NOW + 400 }), "ERR_TOKEN_NOT_YET_VALID"),
  ofClaims("an iat in the future is accepted where no age is asked for", claims({ iat: NOW + 100 }), "accepted"),
  ofClaims("a token is good in the first second of all", claims({ exp: 1, iat: 0 }), "accepted", at(0)),
  ofClaims("a token is good in the last second but one of the year 9999", claims({ exp: LAST }), "accepted", at(LAST - 1)),
  ofClaims("a time after the year 9999, say in milliseconds, is refused", claims(), "ERR_TIME_INVALID", at(NOW * 1000)),
];

const aged = (age, maxTokenAge, leeway) => [claims({ iat: NOW - age, exp: NOW + 3000 }), { policy: { maxTokenAge, leeway } }];
const age = (name, [given, more], outcome) => ofClaims(name, given, outcome, more);
const ages = [
  age("a token is good in the second before it is too old", aged(59, 60), "accepted"),
  age("a token is too old at its greatest age", aged(60, 60), "ERR_TOKEN_TOO_OLD"),
  age("leeway moves the age: good in the second before", aged(64, 60, 5), "accepted"),
  age("leeway moves the age: too old at age and leeway", aged(65, 60, 5), "ERR_TOKEN_TOO_OLD"),
  age("an iat in the future by leeway is accepted", aged(-5, 60, 5), "accepted"),
  age("an iat in the future by more is refused: it would never grow too old", aged(-6, 60, 5), "ERR_CLAIM_INVALID iat"),
  age("a token with a fraction in iat is too old at the greatest age after its whole second",
    [spelled(claims(), "iat", "1789999940.9"), { policy: { maxTokenAge: 60 } }], "ERR_TOKEN_TOO_OLD"),
  age("an iat in the future by a fraction is refused", [spelled(claims(), "iat", "1790000000.1"), { policy: { maxTokenAge: 60 } }],
    "ERR_CLAIM_INVALID iat"),
  age("no iat is refused where an age is asked for", [claims({ iat: undefined }), { policy: { maxTokenAge: 60 } }],
    "ERR_CLAIM_INVALID iat"),
  age("an expired token within its age has expired", [claims({ exp: NOW }), { policy: { maxTokenAge: 60 } }], "ERR_TOKEN_EXPIRED"),
];

const iss = (value) => claims({ iss: value });
const anyIssuer = { policy: { issuer: null } };
const issuers = [
  ofClaims("another issuer is refused", iss("https://evil.example"), "ERR_CLAIM_INVALID iss", { source: "RFC 8725 §3.8" }),
  ofClaims("the issuer with a slash after it is another", iss("https://auth.example/"), "ERR_CLAIM_INVALID iss"),
  ofClaims("the issuer in capitals is another", iss("HTTPS://AUTH.EXAMPLE"), "ERR_CLAIM_INVALID iss"),
  ofClaims("the issuer with its port is another", iss("https://auth.example:443"), "ERR_CLAIM_INVALID iss"),
  ofClaims("the issuer with more after it is another", iss("https://auth.example.evil.example"), "ERR_CLAIM_INVALID iss"),
  ofClaims("no issuer is refused", iss(undefined), "ERR_CLAIM_INVALID iss"),
  ofClaims("an issuer of null is refused", iss(null), "ERR_CLAIM_INVALID iss"),
  ofClaims("an issuer that is an array with the right one in it is refused", iss(["https://auth.example"]), "ERR_CLAIM_INVALID iss",
    { source: "CVE-2025-30144" }),
  ofClaims("any issuer is accepted where the policy says so", iss("https://other.example"), "accepted", anyIssuer),
  ofClaims("no issuer is accepted where the policy says so", iss(undefined), "accepted", anyIssuer),
  ofClaims("an issuer that is an array is refused even then", iss(["https://auth.example"]), "ERR_CLAIM_INVALID iss", anyIssuer),
];

const aud = (value) => claims({ aud: value });
const forAudience = (audience) => ({ policy: { audience } });
const audiences = [
  ofClaims("another audience is refused", aud("web"), "ERR_CLAIM_INVALID aud", { source: "RFC 8725 §3.9" }),
  ofClaims("the audience in capitals is another", aud("API"), "ERR_CLAIM_INVALID aud"),
  ofClaims("an audience that contains the expected one is another", aud("api2"), "ERR_CLAIM_INVALID aud"),
  ofClaims("an audience that the expected one contains is another", aud("ap"), "ERR_CLAIM_INVALID aud"),
  ofClaims("several audiences in one text are another", aud("web api"), "ERR_CLAIM_INVALID aud"),
  ofClaims("no audience is refused", aud(undefined), "ERR_CLAIM_INVALID aud"),
  ofClaims("an audience of null is refused", aud(null), "ERR_CLAIM_INVALID aud"),
  ofClaims("an audience that is an object is refused", aud({ api: true }), "ERR_CLAIM_INVALID aud"),
  ofClaims("an audience among several is accepted", aud(["web", "api"]), "accepted"),
  ofClaims("no audience among several is refused", aud([]), "ERR_CLAIM_INVALID aud"),
  ofClaims("none of several audiences is refused", aud(["web", "mail"]), "ERR_CLAIM_INVALID aud"),
  ofClaims("an array with a number beside the right audience is refused", aud(["api", 1]), "ERR_CLAIM_INVALID aud"),
  ofClaims("an array within the array is refused", aud([["api"]]), "ERR_CLAIM_INVALID aud"),
  ofClaims("one of several expected audiences is accepted", aud("mail"), "accepted", forAudience(["api", "mail"])),
  ofClaims("one of several expected audiences, among several, is accepted", aud(["web", "mail"]), "accepted",
    forAudience(["api", "mail"])),
  ofClaims("none of several expected audiences is refused", aud(["web", "admin"]), "ERR_CLAIM_INVALID aud", forAudience(["api", "mail"])),
  ofClaims("any audience is accepted where the policy says so", aud("web"), "accepted", forAudience(null)),
  ofClaims("no audience is accepted where the policy says so", aud(undefined), "accepted", forAudience(null)),
  ofClaims("an audience that is a number is refused even then", aud(7), "ERR_CLAIM_INVALID aud", forAudience(null)),
];

const requiring = (...requiredClaims) => ({ policy: { requiredClaims } });
const required = [
  ofClaims("a claim that is required and there is accepted", claims({ sid: "session-1" }), "accepted", requiring("sid")),
  ofClaims("a claim that is required and null is there", claims({ sid: null }), "accepted", requiring("sid")),
  ofClaims("a claim that is required and missing is refused", claims(), "ERR_CLAIM_INVALID sid", requiring("sub", "sid")),
  ofClaims("a claim that is required in another case is missing", claims({ SID: 1 }), "ERR_CLAIM_INVALID sid", requiring("sid")),
  ofClaims("a claim that every object seems to have is missing", claims(), "ERR_CLAIM_INVALID toString", requiring("toString")),
  ofClaims("a required __proto__ that is missing is refused", claims(), "ERR_CLAIM_INVALID __proto__", requiring("__proto__")),
  ofClaims("a required claim within another is missing", claims({ x: { sid: 1 } }), "ERR_CLAIM_INVALID sid", requiring("sid")),
];

export default [...times, ...boundaries, ...ages, ...issuers, ...audiences, ...required];
