/** Node's crypto: the signature alone, over a prepared message and signature. */

import { createHmac, timingSafeEqual, verify } from "node:crypto";
import { PSS } from "../../support/tokens.js";
import { cutOut } from "./raw.js";

export function verifiers(key) {
  const check = CHECKS[key.alg](key.publicKey);
  return [
    {
      name: key.alg === "HS256" ? "crypto.createHmac" : "crypto.verify",
      mode: "sync",
      isRaw: true,
      inputOf: cutOut,
      run({ message, signature }) {
        if (!check(message, signature)) throw new Error("the signature is wrong");
      },
    },
  ];
}

const CHECKS = {
  EdDSA: (key) => (message, signature) => verify(null, message, key, signature),
  ES256: (publicKey) => {
    const key = { key: publicKey, dsaEncoding: "ieee-p1363" };
    return (message, signature) => verify("sha256", message, key, signature);
  },
  RS256: (key) => (message, signature) => verify("sha256", message, key, signature),
  PS256: (publicKey) => {
    const key = { key: publicKey, ...PSS };
    return (message, signature) => verify("sha256", message, key, signature);
  },
  HS256: (key) => (message, tag) => timingSafeEqual(createHmac("sha256", key).update(message).digest(), tag),
};
