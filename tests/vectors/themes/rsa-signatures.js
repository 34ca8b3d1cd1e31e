/** RS256 and PS256 (RFC 7518 §3.3 and §3.5): signatures that do not fit, nearly fit, or fit in a second way. */

import {
  an, BY_PROMISE, claims, firstToken, keySet, NOW, otherPss, otherRsa, ps256Header, pss, rs256Header, rsa, token,
  vector, withStrayBit,
} from "../build.js";
import {
  bytes, cubeRoot, digestInfo, number, pkcs1Block, plusModulus, ps256, pssBlock, rs256, rsaKey, WITHOUT_NULL,
} from "../rsa.js";
import { BITS_2048, BITS_2049 } from "../rsa-primes.js";

const by = (key) => ({ keys: keySet(key.jwk), ...BY_PROMISE });
const signRs = rs256(rsa);
const signPs = ps256(pss);
const byRs256 = (signer, claimsPart = claims()) => token(rs256Header(), claimsPart, signer);
const byPs256 = (signer, claimsPart = claims()) => token(ps256Header(), claimsPart, signer);
const ofRs256 = (name, given, outcome, more) => vector(name, given, outcome, { ...by(rsa), ...more });
const ofPs256 = (name, given, outcome, more) => vector(name, given, outcome, { ...by(pss), ...more });
const refusedRs = (name, given, more) => ofRs256(name, given, "ERR_SIGNATURE_INVALID", more);
const refusedPs = (name, given, more) => ofPs256(name, given, "ERR_SIGNATURE_INVALID", more);

const saysRs256 = rsaKey(BITS_2048, { kid: "r1", alg: "RS256" });
const odd = rsaKey(BITS_2049, { kid: "r1" });
const oddPss = rsaKey(BITS_2049, { kid: "p1", alg: "PS256" });
const good = [
  ofRs256("a good token by RS256 is accepted", byRs256(signRs), "accepted"),
  ofRs256("a good token by RS256 is accepted where the key says so", byRs256(signRs), "accepted", by(saysRs256)),
  ofRs256("a modulus of 2049 bits is accepted, its signature a byte longer", byRs256(rs256(odd)), "accepted", by(odd)),
  ofRs256("an expired token by RS256 has expired", byRs256(signRs, claims({ exp: NOW })), "ERR_TOKEN_EXPIRED"),
  ofRs256("a token by RS256 of another issuer is refused", byRs256(signRs, claims({ iss: "https://evil.example" })),
    "ERR_CLAIM_INVALID iss"),
  ofPs256("a good token by PS256 is accepted", byPs256(signPs), "accepted"),
  ofPs256("a salt of zeros is a salt like any other", byPs256(ps256(pss, { salt: Buffer.alloc(32) })), "accepted"),
  ofPs256("a modulus of 2049 bits is accepted by PS256, where the block is a byte shorter than the modulus",
    byPs256(ps256(oddPss)), "accepted", { ...by(oddPss), source: "RFC 8017 §8.1.1" }),
  ofPs256("an expired token by PS256 has expired", byPs256(signPs, claims({ exp: NOW })), "ERR_TOKEN_EXPIRED"),
];

/** The first good tokens whose signature begins with a zero, by their `jti`: they were searched for once. */
const WITH_ZERO = { RS256: 173, PS256: 9 };

/** What becomes of a signature on its way, and what stands in its place, the same for both. */
const tampered = [["RS256", signRs, byRs256, refusedRs, rs256(otherRsa), rsa],
  ["PS256", signPs, byPs256, refusedPs, ps256(otherPss), pss]]
  .flatMap(([alg, sign, signedBy, refused, foreign, key]) => {
    const changed = (change) => signedBy((text) => change(sign(text)));
    const flipped = (index, bit) => changed((signature) => signature.fill(signature[index] ^ bit, index, index + 1));
    const numbered = (value) => signedBy(() => bytes(value, key.size));
    const headerOf = alg === "RS256" ? rs256Header : ps256Header;
    const signingInput = signedBy(sign).split(".", 2).join(".");
    return [
      refused(`another key's ${alg} signature is refused`, signedBy(foreign)),
      refused(`claims that were changed after ${alg} signed them are refused`,
        signedBy(() => sign(signingInput), claims({ sub: "admin" }))),
      refused(`${an(alg)} signature with its first bit but one flipped is refused`, flipped(0, 64)),
      refused(`${an(alg)} signature with its last bit flipped is refused`, flipped(key.size - 1, 1)),
      refused(`${an(alg)} signature of no bytes is refused`, signedBy(() => "")),
      refused(`${an(alg)} signature of one byte is refused`, signedBy(() => Buffer.from([1]))),
      refused(`${an(alg)} signature without its last byte is refused`,
        changed((signature) => signature.subarray(0, -1))),
      refused(`${an(alg)} signature without its first byte is refused`, changed((signature) => signature.subarray(1))),
      refused(`${an(alg)} signature with a zero after it is refused`,
        changed((signature) => Buffer.concat([signature, Buffer.alloc(1)]))),
      refused(`${an(alg)} signature with a zero before it is refused`,
        changed((signature) => Buffer.concat([Buffer.alloc(1), signature])), { source: "RFC 8017 §8.2.2" }),
      refused(`${an(alg)} signature twice over is refused`,
        changed((signature) => Buffer.concat([signature, signature]))),
      refused(`${an(alg)} signature that has lost its leading zero is refused`,
        firstToken(headerOf(), (text) => (sign(text)[0] === 0 ? sign(text).subarray(1) : undefined), WITH_ZERO[alg])),
      vector(`${an(alg)} signature with a leading zero is accepted`,
        firstToken(headerOf(), (text) => (sign(text)[0] === 0 ? sign(text) : undefined), WITH_ZERO[alg]),
        "accepted", by(key)),
      refused(`${an(alg)} signature with its bytes turned round is refused`,
        changed((signature) => signature.reverse())),
      refused(`${an(alg)} signature with the modulus added is refused`,
        firstToken(headerOf(), (text) => plusModulus(key, sign(text))), { source: "RFC 8017 §5.2.2" }),
      refused(`${an(alg)} signature's negative is refused`,
        changed((signature) => bytes(key.n - number(signature), key.size))),
      refused(`${an(alg)} signature of zero is refused`, numbered(0n)),
      refused(`${an(alg)} signature of one is refused`, numbered(1n)),
      refused(`${an(alg)} signature of the modulus less one is refused`, numbered(key.n - 1n)),
      refused(`${an(alg)} signature of the modulus is refused`, numbered(key.n)),
      refused(`${an(alg)} signature of all bits is refused`, numbered((1n << BigInt(8 * key.size)) - 1n)),
      vector(`a stray bit in ${an(alg)} signature is refused`, withStrayBit(signedBy(sign)), "ERR_BASE64_INVALID",
        { keys: keySet(key.jwk) }),
    ];
  });

/** A block of PKCS #1 v1.5 that the key's owner signed, good in all but what is changed. */
const block = (info, changes) => byRs256((text) => rsa.raw(pkcs1Block(rsa.size, digestInfo(text, info), changes)));
const content = (make) => byRs256((text) => rsa.raw(pkcs1Block(rsa.size, make(digestInfo(text), text))));
const hashOf = (info) => info.subarray(19);
const hex = (text) => Buffer.from(text, "hex");
const bleichenbacher = { source: "CVE-2006-4339" };
const blocks = [
  refusedRs("PKCS #1 padding of type 2, encryption's, is refused", block({}, { type: 2 })),
  refusedRs("PKCS #1 padding of type 0 is refused", block({}, { type: 0, filler: 0 })),
  refusedRs("PKCS #1 padding that begins with 1 is refused", block({}, { first: 1 })),
  refusedRs("PKCS #1 padding of other bytes is refused", block({}, { filler: 254 })),
  refusedRs("PKCS #1 padding without its end is refused", block({}, { separator: 255 })),
  refusedRs("PKCS #1 padding that ends in 1 is refused", block({}, { separator: 1 })),
  refusedRs("garbage after the hash is refused", block({}, { garbage: "garbage" }), bleichenbacher),
  refusedRs("garbage after the hash that leaves eight bytes of padding is refused",
    block({}, { garbage: "\0".repeat(rsa.size - 11 - 51) }), bleichenbacher),
  refusedRs("garbage in the hash's parameters is refused", content((info) =>
    Buffer.concat([hex("3081da3081b506096086480165030402010581a7"), Buffer.alloc(167), hex("0420"), hashOf(info)])),
    { source: "CVE-2006-4790" }),
  refusedRs("the hash under a name without its NULL is refused", block({ prefix: WITHOUT_NULL }),
    { source: "RFC 8017 appendix A.2.4" }),
  refusedRs("the hash under a name with a NULL in BER is refused",
    block({ prefix: "3032300e0609608648016503040201058100" + "0420" })),
  refusedRs("the hash in a sequence of BER's long form is refused",
    block({ prefix: "308131300d0609608648016503040201050004" + "20" }),
    { source: "CVE-2014-1568" }),
  refusedRs("the hash in a string of BER's long form is refused",
    block({ prefix: "3032300d06096086480165030402010500048120" })),
  refusedRs("the hash without its name is refused", content(hashOf)),
  refusedRs("the text in place of its hash is refused", content((_, text) => Buffer.from(text.slice(0, 51)))),
  refusedRs("a hash by SHA-1 is refused", block({ hash: "sha1" })),
  refusedRs("a hash by SHA-512, RS512's, is refused", block({ hash: "sha512" })),
  refusedRs("a hash by SHA-384, RS384's, is refused", block({ hash: "sha384" })),
  refusedRs("the right hash under SHA-1's name is refused", block({ name: "sha1" })),
  refusedRs("a hash by SHA-512 under the right name is refused", block({ hash: "sha512", name: "sha256" })),
];

/** With e = 3 a cube root is a signature, to who does not look where the block ends. Nobody's secret is needed. */
const cubic = rsaKey(BITS_2048, { e: 3n, kid: "r1" });
const withoutSecret = byRs256((text) => {
  const start = pkcs1Block(11 + 51, digestInfo(text));
  return cubeRoot(Buffer.concat([start, Buffer.alloc(cubic.size - start.length)]));
});
const cubes = [
  ofRs256("a good signature by a key whose e is 3 is accepted", byRs256(rs256(cubic)), "accepted", by(cubic)),
  refusedRs("a signature forged by a cube root is refused", withoutSecret, { ...by(cubic), ...bleichenbacher }),
];

/** A block of PSS that the key's owner signed, good in all but what is changed. */
const salted = (changes) => byPs256(ps256(pss, changes));
const pssBits = (change) => firstToken(ps256Header(), (text) => {
  const padded = change(pssBlock(pss.bits - 1, text));
  return number(padded) < pss.n ? pss.raw(padded) : undefined;
});
const withTopBit = (padded) => padded.fill(padded[0] | 128, 0, 1);
const bySalt = { source: "RFC 7518 §3.5" };
const salts = [
  ...[0, 1, 20, 31, 33, 64, 222].map((length) =>
    refusedPs(`a salt of ${length} bytes is refused`, salted({ salt: Buffer.alloc(length, 9) }), bySalt)),
  refusedPs("a mask made by SHA-1 is refused", salted({ mgfHash: "sha1" }), bySalt),
  refusedPs("a mask made by SHA-512 is refused", salted({ mgfHash: "sha512" }), bySalt),
  refusedPs("PSS with SHA-1 throughout is refused", salted({ hash: "sha1", salt: Buffer.alloc(20, 9) })),
  refusedPs("PSS with SHA-512 throughout, PS512's, is refused", salted({ hash: "sha512", salt: Buffer.alloc(64, 9) })),
  refusedPs("PSS with SHA-512 and a salt of 32 bytes is refused", salted({ hash: "sha512" })),
  refusedPs("a PSS block that ends in cc, ISO 9796-2's, is refused", salted({ trailer: 0xcc })),
  refusedPs("a PSS block that ends in 0 is refused", salted({ trailer: 0 })),
  refusedPs("a PSS block whose padding ends in 2 is refused", salted({ separator: 2 })),
  refusedPs("a PSS block whose padding has no end is refused", salted({ separator: 0 })),
  refusedPs("a PSS block whose padding is not of zeros is refused", salted({ filler: 128 })),
  refusedPs("a PSS block with its highest bit set is refused", pssBits(withTopBit), { source: "RFC 8017 §9.1.2" }),
  refusedPs("a PSS block masked with nothing is refused", byPs256((text) => pss.raw(unmasked(text)))),
];

/** The block before its mask. */
function unmasked(text) {
  const H = pssBlock(pss.bits - 1, text).subarray(-33);
  return Buffer.concat([Buffer.alloc(pss.size - 33 - 33), Buffer.from([1]), Buffer.alloc(32, 9), H]);
}

export default [...good, ...tampered, ...blocks, ...cubes, ...salts];
