/** aws-jwt-verify, with the keys handed over and its synchronous way. It does not look at `typ`, and has no secrets. */

import { JwtVerifier } from "aws-jwt-verify";
import { decomposeUnverifiedJwt } from "aws-jwt-verify/jwt";
import { AUDIENCE, ISSUER } from "../../support/tokens.js";

export function verifiers(key) {
  if (!key.jwk) return [{ name: "aws-jwt-verify", mode: "sync", missing: "takes no shared secret" }];
  const verifier = JwtVerifier.create({ issuer: ISSUER, audience: AUDIENCE, jwksUri: `${ISSUER}/jwks.json` });
  verifier.cacheJwks({ keys: [key.jwk] });
  return [
    { name: "aws-jwt-verify", mode: "sync", unchecked: ["typ"], run: (token) => verifier.verifySync(token) },
  ];
}

export const decoders = [
  {
    name: "aws-jwt-verify: decomposeUnverifiedJwt",
    mode: "sync",
    run: decomposeUnverifiedJwt,
    subjectOf: ({ payload }) => payload.sub,
  },
];

export const expiry = [
  {
    name: "aws-jwt-verify: decompose, compare",
    mode: "sync",
    run: (token) => decomposeUnverifiedJwt(token).payload.exp <= Date.now() / 1000,
  },
];
