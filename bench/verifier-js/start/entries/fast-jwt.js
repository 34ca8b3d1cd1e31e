/** The least that verifies with fast-jwt. */

import { createVerifier } from "fast-jwt";

export function verifierFor({ pem, issuer, audience }) {
  return createVerifier({ key: pem, allowedIss: issuer, allowedAud: audience, checkTyp: "at+jwt" });
}
