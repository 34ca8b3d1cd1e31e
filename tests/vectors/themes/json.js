/** The text within header and claims: UTF-8, one JSON object, no member twice, no deep nesting (RFC 7519 §4, §7.2). */

import { base64url, claims, header, ofClaims, ofHeader, spelled, vector } from "../build.js";

const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const text = (object) => JSON.stringify(object);

/** The JSON of good claims, with a member `x` of these bytes for its string. */
const withBytes = (...given) => bytes(text(claims()).slice(0, -1), ',"x":"', Uint8Array.from(given), '"}');
const utf16 = (string) => Buffer.from(string, "utf16le");

const encodings = [
  ofClaims("claims with a byte that is no UTF-8 are refused", withBytes(0xff), "ERR_UTF8_INVALID"),
  ofHeader("a header with a byte that is no UTF-8 is refused", bytes('{"alg":"EdDSA","typ":"at+jwt","kid":"k1', [0xff], '"}'),
    "ERR_UTF8_INVALID"),
  ofClaims("a character that is cut off is refused", withBytes(0xe2, 0x82), "ERR_UTF8_INVALID"),
  ofClaims("an overlong spelling of a character is refused", withBytes(0xc0, 0xae), "ERR_UTF8_INVALID"),
  ofClaims("a lone surrogate in bytes is refused", withBytes(0xed, 0xa0, 0x80), "ERR_UTF8_INVALID"),
  ofClaims("a pair of surrogates in bytes is refused", withBytes(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80), "ERR_UTF8_INVALID"),
  ofClaims("a character beyond Unicode is refused", withBytes(0xf4, 0x90, 0x80, 0x80), "ERR_UTF8_INVALID"),
  ofClaims("Latin-1 is refused", withBytes(0xe9), "ERR_UTF8_INVALID"),
  ofClaims("characters of every length are accepted", withBytes(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80), "accepted"),
  ofHeader("a header in UTF-16 is refused", utf16(text(header())), "ERR_JSON_INVALID", { source: "RFC 8725 §3.7" }),
  ofHeader("a header in UTF-16 with its byte-order mark is refused", bytes([0xff, 0xfe], utf16(text(header()))), "ERR_UTF8_INVALID",
    { source: "RFC 8725 §3.7" }),
  ofClaims("claims in UTF-16 are refused", utf16(text(claims())), "ERR_JSON_INVALID", { source: "RFC 8725 §3.7" }),
  ofHeader("a byte-order mark before the header's object is refused", `\ufeff${text(header())}`, "ERR_JSON_INVALID"),
  ofClaims("a byte-order mark before the claims' object is refused", `\ufeff${text(claims())}`, "ERR_JSON_INVALID"),
];

const notObjects = ["[]", '"text"', "1", "null", "true"].flatMap((json) => [
  ofHeader(`${json} for a header is refused`, json, "ERR_JSON_INVALID"),
  ofClaims(`${json} for claims is refused`, json, "ERR_JSON_INVALID"),
]);

const good = text(claims());
const open = good.slice(0, -1);
const syntax = [
  ofClaims("an object that is not closed is refused", open, "ERR_JSON_INVALID"),
  ofClaims("a second object after the first is refused", `${good}{}`, "ERR_JSON_INVALID"),
  ofClaims("a NUL after the object is refused", `${good}\0`, "ERR_JSON_INVALID"),
  ofHeader("text after the header's object is refused", `${text(header())}x`, "ERR_JSON_INVALID"),
  ofClaims("a trailing comma is refused", `${open},}`, "ERR_JSON_INVALID"),
  ofClaims("a comment is refused", `${open}/* c */}`, "ERR_JSON_INVALID"),
  ofClaims("single quotes are refused", good.replaceAll('"', "'"), "ERR_JSON_INVALID"),
  ofClaims("a name without quotes is refused", `${open},x:1}`, "ERR_JSON_INVALID"),
  ofClaims("a raw line break in a string is refused", `${open},"x":"\n"}`, "ERR_JSON_INVALID"),
  ofClaims("an escape that JSON does not have is refused", `${open},"x":"\\x41"}`, "ERR_JSON_INVALID"),
  ofClaims("a no-break space for white space is refused", `${open}\u00a0}`, "ERR_JSON_INVALID"),
  ofClaims("JSON's own white space is accepted", `\r\n\t ${good.replaceAll(",", " ,\r\n\t ")} \n`, "accepted"),
  ofClaims("a name and a string that are spelled with escapes are accepted",
    good.replace('"iss":"https', '"\\u0069ss":"\\u0068ttps').replaceAll("/", "\\/"), "accepted"),
  ofClaims("an escaped NUL in a string is accepted", `${open},"x":"\\u0000"}`, "accepted"),
  ofClaims("an escaped NUL ends no string: another issuer is refused",
    claims({ iss: "https://auth.example\0.evil.example" }), "ERR_CLAIM_INVALID iss"),
];

const surrogates = [
  ofClaims("an escaped pair of surrogates is accepted", `${open},"x":"\\ud83d\\ude00"}`, "accepted"),
  ofClaims("a lone high surrogate is refused", `${open},"x":"\\ud83d"}`, "ERR_JSON_INVALID"),
  ofClaims("a lone low surrogate is refused", `${open},"x":"\\ude00"}`, "ERR_JSON_INVALID"),
  ofClaims("a pair of surrogates in the wrong order is refused", `${open},"x":"\\ude00\\ud83d"}`, "ERR_JSON_INVALID"),
  ofClaims("a lone surrogate in a name is refused", `${open},"\\ud83d":1}`, "ERR_JSON_INVALID"),
  ofHeader("a lone surrogate in the kid is refused", spelled(header(), "kid", '"k1\\ud800"'), "ERR_JSON_INVALID"),
];

const twice = (source) => ({ source: source ?? "RFC 7519 §4" });
const duplicates = [
  ofHeader("a header with two alg is refused", `{"alg":"none",${text(header()).slice(1)}`, "ERR_JSON_DUPLICATE_MEMBER",
    twice("RFC 7515 §4")),
  ofHeader("a header with two kid is refused", `{"kid":"k2",${text(header()).slice(1)}`, "ERR_JSON_DUPLICATE_MEMBER",
    twice("RFC 7515 §4")),
  ofClaims("claims with two exp are refused", `${open},"exp":9999999999}`, "ERR_JSON_DUPLICATE_MEMBER", twice()),
  ofClaims("claims with two sub of one value are refused", `${open},"sub":"user-1"}`, "ERR_JSON_DUPLICATE_MEMBER", twice()),
  ofClaims("a second member in an escaped spelling is refused", `${open},"\\u0073\\u0075b":"admin"}`, "ERR_JSON_DUPLICATE_MEMBER",
    twice()),
  ofClaims("members that are there twice in a nested object are refused", `${open},"x":{"a":1,"a":2}}`, "ERR_JSON_DUPLICATE_MEMBER"),
  ofClaims("members that are there twice within an array are refused", `${open},"x":[{"a":1,"\\u0061":2}]}`,
    "ERR_JSON_DUPLICATE_MEMBER"),
  ofClaims("an empty name that is there twice is refused", `${open},"":1,"":2}`, "ERR_JSON_DUPLICATE_MEMBER"),
  ofClaims("__proto__ that is there twice is refused", `${open},"__proto__":1,"__proto__":2}`, "ERR_JSON_DUPLICATE_MEMBER"),
  ofClaims("names that differ in case are two names", `${open},"Sub":"admin","EXP":1}`, "accepted"),
  ofClaims("names that differ in their code points alone are two names", `${open},"\u00e9":1,"e\u0301":2}`, "accepted"),
];

/** Claims with arrays in them: the claims themselves are the first level. */
const nested = (levels) => `${open},"x":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
const nesting = [
  ofClaims("claims of 16 levels are accepted", nested(16), "accepted"),
  ofClaims("claims of 17 levels are refused", nested(17), "ERR_JSON_TOO_DEEP"),
  ofClaims("claims of 17 levels of objects are refused", `${open},"x":${'{"a":'.repeat(16)}1${"}".repeat(17)}`, "ERR_JSON_TOO_DEEP"),
  ofHeader("a header of 17 levels is refused", `${text(header()).slice(0, -1)},"x":${"[".repeat(16)}${"]".repeat(16)}}`,
    "ERR_JSON_TOO_DEEP"),
  ofClaims("thousands of brackets that are never closed are refused", `${open},"x":${"[".repeat(5000)}`, "ERR_JSON_TOO_DEEP"),
  vector("thousands of brackets in the header, unsigned, are refused", `${base64url(`{"x":${"[".repeat(5000)}`)}.e30.AA`,
    "ERR_JSON_TOO_DEEP"),
  ofClaims("a thousand members side by side are accepted", claims({ x: Array(1000).fill({}) }), "accepted"),
];

export default [...encodings, ...notObjects, ...syntax, ...surrogates, ...duplicates, ...nesting];
