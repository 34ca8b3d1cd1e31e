/** Checks signatures by `node:crypto`: without a promise, and without the hand-over to another thread that WebCrypto needs. */

import { constants, createPublicKey, verify, type VerifyKeyObjectInput } from "node:crypto";
import type { ReadKey } from "./sync-crypto.js";

/** Makes the check of a key's signatures. */
export const readKey: ReadKey | undefined = (jwk) => {
  const key: VerifyKeyObjectInput = { key: createPublicKey({ key: jwk, format: "jwk" }), ...formOf(jwk.alg) };
  const hash = `sha${jwk.alg.slice(-3)}`;
  return (signed, signature) => verify(hash, signed, key, signature);
};

/** The form of an algorithm's signatures (RFC 7518 §3.3 to §3.5). */
function formOf(alg: string): Omit<VerifyKeyObjectInput, "key"> {
  if (alg.startsWith("ES")) return { dsaEncoding: "ieee-p1363" };
  if (alg.startsWith("RS")) return { padding: constants.RSA_PKCS1_PADDING };
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
