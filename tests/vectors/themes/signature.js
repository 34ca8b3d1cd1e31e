/** Signatures that do not fit, nearly fit, or fit in a second way (RFC 8032 §5.1.7, §8.4; RFC 7518 §3.2). */

import { createHash } from "node:crypto";
import { claims, header, hmac, hs256Header, key, otherKey, SECRET, secret, token, vector, withStrayBit } from "../build.js";
import { NEUTRAL, NEUTRAL_AGAIN, ORDER_8, withNonceZero, withSecondS } from "../ed25519.js";

const refused = (name, given, more) => vector(name, given, "ERR_SIGNATURE_INVALID", more);
const signedBy = (signer) => token(header(), claims(), signer);
const changed = (change) => signedBy((text) => change(Buffer.from(key.sign(text))));

/** What a good token's signature is over. */
const signingInput = token().split(".", 2).join(".");

function withBit(signature, bit) {
  signature[bit >> 3] ^= 1 << (bit & 7);
  return signature;
}

const ed25519 = [
  refused("another key's signature is refused", signedBy(otherKey.sign)),
  refused("claims that were changed afterwards are refused", token(header(), claims({ sub: "admin" }), () => key.sign(signingInput))),
  refused("a header that was changed afterwards is refused", token(header({ alg: "Ed25519" }), claims(), () => key.sign(signingInput))),
  refused("a signature of the claims alone is refused", signedBy((text) => key.sign(text.split(".")[1]))),
  refused("a signature of what the segments decode to is refused", signedBy((text) =>
    key.sign(text.split(".").map((part) => Buffer.from(part, "base64url")).join(".")))),
  refused("a signature of the hash of the text is refused", signedBy((text) => key.sign(createHash("sha512").update(text).digest()))),
  ...[0, 255, 256, 511].map((bit) => refused(`a signature with bit ${bit} flipped is refused`, changed((bytes) => withBit(bytes, bit)))),
  refused("a signature with its halves swapped is refused", changed((bytes) => Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]))),
  refused("a signature of 63 bytes is refused", changed((bytes) => bytes.subarray(0, 63))),
  refused("a signature of 65 bytes is refused", changed((bytes) => Buffer.concat([bytes, Buffer.alloc(1)]))),
  refused("a signature twice over is refused", changed((bytes) => Buffer.concat([bytes, bytes]))),
  refused("a signature of 64 zero bytes is refused", signedBy(() => Buffer.alloc(64))),
  refused("a signature of 64 bytes of ones is refused", signedBy(() => Buffer.alloc(64, 255))),
  refused("a second spelling of s, s + L, is refused", changed(withSecondS), { source: "RFC 8032 §8.4" }),
  refused("R of order 1 is refused, though the key's owner made it", signedBy(withNonceZero(key, NEUTRAL))),
  refused("R of order 1 in its second spelling is refused", signedBy(withNonceZero(key, NEUTRAL_AGAIN))),
  refused("R of order 8, which only the equation with the cofactor takes, is refused", signedBy(withNonceZero(key, ORDER_8))),
];

const byHmac = (signer) => token(hs256Header(), claims(), signer);
const shared = { keys: secret(SECRET) };
const good = hmac(SECRET);
const hs256 = [
  vector("a good token by a shared secret is accepted", byHmac(good), "accepted", shared),
  refused("another secret's HMAC is refused", byHmac(hmac(Buffer.alloc(32, 6))), shared),
  refused("no HMAC at all is refused", byHmac(() => ""), shared),
  refused("half an HMAC is refused", byHmac((text) => good(text).subarray(0, 16)), shared),
  refused("an HMAC without its last byte is refused", byHmac((text) => good(text).subarray(0, 31)), shared),
  refused("an HMAC with one byte more is refused", byHmac((text) => Buffer.concat([good(text), Buffer.alloc(1)])), shared),
  refused("an HMAC with one bit flipped is refused", byHmac((text) => withBit(good(text), 0)), shared),
  refused("an HMAC with its last bit flipped is refused", byHmac((text) => withBit(good(text), 255)), shared),
  refused("an HMAC in hexadecimal is refused", byHmac((text) => good(text).toString("hex")), shared),
  refused("an HMAC by SHA-512 is refused", byHmac(hmac(SECRET, "sha512")), shared),
  refused("the first half of an HMAC by SHA-512 is refused", byHmac((text) => hmac(SECRET, "sha512")(text).subarray(0, 32)), shared),
  refused("an HMAC by an empty secret is refused", byHmac(hmac("")), shared),
  refused("32 zero bytes for an HMAC are refused", byHmac(() => Buffer.alloc(32)), shared),
  vector("a stray bit in an HMAC is refused", withStrayBit(byHmac(good)), "ERR_BASE64_INVALID", shared),
];

export default [...ed25519, ...hs256];
