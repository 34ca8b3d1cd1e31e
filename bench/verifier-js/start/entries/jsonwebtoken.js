/** The minimum to verify with jsonwebtoken. */

import jwt from "jsonwebtoken";

export function verifierFor({ pem, issuer, audience }) {
  return (token) => jwt.verify(token, pem, { issuer, audience, algorithms: ["ES256"] });
}
