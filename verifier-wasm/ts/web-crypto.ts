/** Checks signatures (RFC 7518 §3) with the runtime's WebCrypto, whose native code is faster than any in a package. */

import { HallpassError } from "./error.js";
import type { CheckedJwk } from "./public-key.js";

/** Whether a signature of one key is valid for the signed bytes. */
export type AsyncCheck = (signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => Promise<boolean>;

/** WebCrypto's parameters of an algorithm, for import and verification. */
type Parameters = RsaHashedImportParams | (EcKeyImportParams & EcdsaParams) | (RsaHashedImportParams & RsaPssParams);

const ALGORITHMS: Readonly<Record<string, Parameters>> = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
};

/** Imports a key. Rejects if WebCrypto does. */
export async function importKey(jwk: CheckedJwk): Promise<AsyncCheck> {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle === undefined) {
    throw new HallpassError("ERR_WEBCRYPTO_MISSING", `${jwk.alg} needs WebCrypto, which a page has only over https: or on localhost`);
  }
  const algorithm = ALGORITHMS[jwk.alg]!;
  const key = await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
  return (signed, signature) => subtle.verify(algorithm, key, signature, signed);
}
