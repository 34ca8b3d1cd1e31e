/** WebCrypto: the signature alone, over a prepared message and signature. */

import { WIDTH } from "../../support/rounds.js";
import { cutOut } from "./raw.js";

const { subtle } = globalThis.crypto;

const ALGORITHMS = {
  EdDSA: { name: "Ed25519" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  HS256: { name: "HMAC", hash: "SHA-256" },
};

export async function verifiers(key) {
  const algorithm = ALGORITHMS[key.alg];
  const [format, material] = key.jwk ? ["jwk", key.jwk] : ["raw", key.secret];
  const cryptoKey = await subtle.importKey(format, material, algorithm, false, ["verify"]);
  const raw = {
    isRaw: true,
    inputOf: cutOut,
    async run({ message, signature }) {
      if (!(await subtle.verify(algorithm, cryptoKey, signature, message))) throw new Error("the signature is wrong");
    },
  };
  return [
    { name: "WebCrypto verify", mode: "async", ...raw },
    { name: `WebCrypto verify, ${WIDTH} at once`, mode: "wide", ...raw },
  ];
}
