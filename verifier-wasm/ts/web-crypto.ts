/** Checks signatures (RFC 7518 §3) with the runtime's WebCrypto, whose native code is faster than any in a package. */

import { HallpassError } from "./error.js";
import type { CheckedJwk } from "./public-key.js";

/** Whether a signature of one key is valid for the signed bytes. */
export type AsyncCheck = (signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => Promise<boolean>;

/** WebCrypto's parameters of an algorithm, for import and verification. */
type Parameters = RsaHashedImportParams | (EcKeyImportParams & EcdsaParams) | (RsaHashedImportParams & RsaPssParams);

/** The parameters of an algorithm (RFC 7518 §3.3 to §3.5). */
function parametersOf({ alg, crv }: CheckedJwk): Parameters {
  const bits = alg.slice(-3);
  const hash = `SHA-${bits}`;
  if (alg.startsWith("ES")) return { name: "ECDSA", namedCurve: crv!, hash };
  if (alg.startsWith("RS")) return { name: "RSASSA-PKCS1-v1_5", hash };
  return { name: "RSA-PSS", hash, saltLength: Number(bits) / 8 };
}

/** Imports a key. Rejects if WebCrypto does. */
export async function importKey(jwk: CheckedJwk): Promise<AsyncCheck> {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle === undefined) {
    throw new HallpassError("ERR_WEBCRYPTO_MISSING", `${jwk.alg} needs WebCrypto, which a page has only over https: or on localhost`);
  }
  const algorithm = parametersOf(jwk);
  const key = await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
  return (signed, signature) => subtle.verify(algorithm, key, signature, signed);
}
