/** jsonwebtoken, with a KeyObject made once. It does not support EdDSA, and does not check `typ`. */

import jwt from "jsonwebtoken";
import { AUDIENCE, ISSUER } from "../../support/tokens.js";

export function verifiers(key) {
  if (key.alg === "EdDSA") return [{ name: "jsonwebtoken", mode: "sync", missing: "does not support EdDSA" }];
  const policy = { algorithms: [key.alg], issuer: ISSUER, audience: AUDIENCE };
  return [
    {
      name: "jsonwebtoken",
      mode: "sync",
      unchecked: ["typ"],
      run: (token) => jwt.verify(token, key.publicKey, policy),
    },
  ];
}

export const decoders = [
  { name: "jsonwebtoken: decode (claims alone)", mode: "sync", run: (token) => jwt.decode(token) },
  {
    name: "jsonwebtoken: decode, complete",
    mode: "sync",
    run: (token) => jwt.decode(token, { complete: true }),
    subjectOf: ({ payload }) => payload.sub,
  },
];

export const expiry = [
  { name: "jsonwebtoken: decode, compare", mode: "sync", run: (token) => jwt.decode(token).exp <= Date.now() / 1000 },
];
