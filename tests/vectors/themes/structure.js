/** The outer shape of a token: segments, base64url, size (RFC 7515 §2, §7.1). */

import { base64url, claims, header, key, token, vector, withStrayBit } from "../build.js";

const GOOD = token();
const [HEADER, CLAIMS, SIGNATURE] = GOOD.split(".");

/** A good token of exactly so many bytes, filled up with a claim; its header helps where no claim makes that length. */
function ofLength(length) {
  const least = Math.floor(((length - GOOD.length - 32) * 3) / 4);
  for (let number = 0; ; number += 1) {
    const filled = token(header({ x: "x".repeat(number % 3) }), claims({ fill: "x".repeat(least + Math.floor(number / 3)) }));
    if (filled.length === length) return filled;
  }
}

/** A token whose signature has both characters in it that are the other alphabet's `+` and `/`. */
function inBothAlphabets() {
  for (let number = 0; ; number += 1) {
    const candidate = token(header(), claims({ jti: `token-${number}` }));
    const signature = candidate.split(".")[2];
    if (signature.includes("-") && signature.includes("_")) return candidate;
  }
}

/** A segment with bits to spare: a space more makes another length of the same JSON. */
function sparing(part) {
  const text = JSON.stringify(part);
  return text.length % 3 === 0 ? `${text} ` : text;
}

const spare = token(sparing(header()), sparing(claims())).split(".");
const both = inBothAlphabets();

const segments = [
  vector("a good token is accepted", GOOD, "accepted"),
  vector("no text at all is refused", "", "ERR_TOKEN_SEGMENTS"),
  vector("one segment is refused", HEADER, "ERR_TOKEN_SEGMENTS"),
  vector("two segments are refused", `${HEADER}.${CLAIMS}`, "ERR_TOKEN_SEGMENTS"),
  vector("four segments are refused", `${GOOD}.${SIGNATURE}`, "ERR_TOKEN_SEGMENTS"),
  vector("five segments, an encrypted token's, are refused", `${GOOD}.AAAA.AAAA`, "ERR_TOKEN_SEGMENTS"),
  vector("a trailing dot is refused", `${GOOD}.`, "ERR_TOKEN_SEGMENTS"),
  vector("a leading dot is refused", `.${GOOD}`, "ERR_TOKEN_SEGMENTS"),
  vector("two dots in a row are refused", `${HEADER}..${CLAIMS}.${SIGNATURE}`, "ERR_TOKEN_SEGMENTS"),
  vector("dots in another spelling are refused", `${HEADER}%2E${CLAIMS}%2E${SIGNATURE}`, "ERR_TOKEN_SEGMENTS"),
  vector("full stops of another script are refused", GOOD.replaceAll(".", "\u3002"), "ERR_TOKEN_SEGMENTS"),
  vector("three empty segments are refused", "..", "ERR_JSON_INVALID"),
  vector("an empty header is refused", `.${CLAIMS}.${SIGNATURE}`, "ERR_JSON_INVALID"),
  vector("empty claims are refused", `${HEADER}..${SIGNATURE}`, "ERR_JSON_INVALID"),
  vector("an empty signature is refused", `${HEADER}.${CLAIMS}.`, "ERR_SIGNATURE_INVALID"),
];

const around = [
  vector("a trailing newline is refused", `${GOOD}\n`, "ERR_BASE64_INVALID"),
  vector("a trailing carriage return and newline are refused", `${GOOD}\r\n`, "ERR_BASE64_INVALID"),
  vector("a trailing space is refused", `${GOOD} `, "ERR_BASE64_INVALID"),
  vector("a trailing NUL is refused", `${GOOD}\0`, "ERR_BASE64_INVALID"),
  vector("a leading space is refused", ` ${GOOD}`, "ERR_BASE64_INVALID"),
  vector("a leading newline is refused", `\n${GOOD}`, "ERR_BASE64_INVALID"),
  vector("a tab beside a dot is refused", `${HEADER}.\t${CLAIMS}.${SIGNATURE}`, "ERR_BASE64_INVALID"),
  vector("a line break within a segment is refused", `${HEADER}.${CLAIMS.slice(0, 8)}\n${CLAIMS.slice(8)}.${SIGNATURE}`,
    "ERR_BASE64_INVALID"),
  vector("a byte-order mark before the token is refused", `\ufeff${GOOD}`, "ERR_BASE64_INVALID"),
  vector("a zero-width space after the token is refused", `${GOOD}\u200b`, "ERR_BASE64_INVALID"),
  vector("the scheme of the header it came in is refused", `Bearer ${GOOD}`, "ERR_BASE64_INVALID"),
  vector("quotes around the token are refused", `"${GOOD}"`, "ERR_BASE64_INVALID"),
];

const spellings = [
  vector("a padded header is refused", `${spare[0]}${"=".repeat(4 - (spare[0].length % 4))}.${spare[1]}.${spare[2]}`,
    "ERR_BASE64_INVALID"),
  vector("padded claims are refused", `${spare[0]}.${spare[1]}${"=".repeat(4 - (spare[1].length % 4))}.${spare[2]}`,
    "ERR_BASE64_INVALID"),
  vector("a padded signature is refused", `${GOOD}==`, "ERR_BASE64_INVALID"),
  vector("a signature with one of two padding characters is refused", `${GOOD}=`, "ERR_BASE64_INVALID"),
  vector("padding in another spelling is refused", `${GOOD}%3D%3D`, "ERR_BASE64_INVALID"),
  vector("a token with both special characters in its signature is accepted", both, "accepted"),
  vector("plus for hyphen, the other alphabet's, is refused", both.replaceAll("-", "+"), "ERR_BASE64_INVALID"),
  vector("slash for underscore, the other alphabet's, is refused", both.replaceAll("_", "/"), "ERR_BASE64_INVALID"),
  vector("a stray bit in the header is refused", `${withStrayBit(spare[0])}.${spare[1]}.${spare[2]}`, "ERR_BASE64_INVALID"),
  vector("a stray bit in the claims is refused", `${spare[0]}.${withStrayBit(spare[1])}.${spare[2]}`, "ERR_BASE64_INVALID"),
  vector("a stray bit in the signature is refused", `${HEADER}.${CLAIMS}.${withStrayBit(SIGNATURE)}`, "ERR_BASE64_INVALID"),
  vector("a segment of an impossible length is refused", `${HEADER}.${CLAIMS}.${SIGNATURE.slice(0, 85)}`, "ERR_BASE64_INVALID"),
  vector("a letter with an accent is refused", `${HEADER}.${CLAIMS}.\u00e9${SIGNATURE.slice(1)}`, "ERR_BASE64_INVALID"),
  vector("full-width letters are refused", `\uff25${GOOD.slice(1)}`, "ERR_BASE64_INVALID"),
  vector("a character beyond the basic plane is refused", `${HEADER}.${CLAIMS}.\u{1f600}`, "ERR_BASE64_INVALID"),
];

const sizes = [
  vector("8192 bytes are read", ofLength(8192), "accepted"),
  vector("8193 bytes are not read, however well signed", ofLength(8193), "ERR_TOKEN_TOO_LARGE"),
  ...[[16_384, 16_384], [65_536, 65_536]].flatMap(([maxTokenBytes, length]) => [
    vector(`with a maximum of ${maxTokenBytes} bytes, as many are read`, ofLength(length), "accepted", { policy: { maxTokenBytes } }),
    vector(`with a maximum of ${maxTokenBytes} bytes, one more is refused`, ofLength(length + 1), "ERR_TOKEN_TOO_LARGE",
      { policy: { maxTokenBytes } }),
  ]),
  vector("a token is refused above a smaller maximum", GOOD, "ERR_TOKEN_TOO_LARGE", { policy: { maxTokenBytes: GOOD.length - 1 } }),
  vector("a token of a smaller maximum is read", GOOD, "accepted", { policy: { maxTokenBytes: GOOD.length } }),
  vector("bytes are counted, not characters", "\u00e9".repeat(4097), "ERR_TOKEN_TOO_LARGE"),
  vector("a token of twice that length is refused", ofLength(16_385), "ERR_TOKEN_TOO_LARGE"),
  vector("a megabyte of one letter is refused", "a".repeat(1_048_576), "ERR_TOKEN_TOO_LARGE"),
  vector("a megabyte of dots is refused", ".".repeat(1_048_576), "ERR_TOKEN_TOO_LARGE"),
  vector("a megabyte of claims, well signed, is refused", token(header(), claims({ fill: "x".repeat(786_432) })),
    "ERR_TOKEN_TOO_LARGE"),
  vector("a megabyte of signature is refused", `${HEADER}.${CLAIMS}.${base64url(Buffer.alloc(786_432))}`, "ERR_TOKEN_TOO_LARGE"),
  vector("a megabyte of kid is refused", token(header({ kid: "x".repeat(786_432) }), claims(), key.sign), "ERR_TOKEN_TOO_LARGE"),
];

export default [...segments, ...around, ...spellings, ...sizes];
