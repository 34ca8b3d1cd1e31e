/** The minimum to verify with fast-jwt. */

import { createVerifier } from "fast-jwt";

export function verifierFor({ pem, issuer, audience }) {
  return createVerifier({ key: pem, allowedIss: issuer, allowedAud: audience, checkTyp: "at+jwt" });
}
