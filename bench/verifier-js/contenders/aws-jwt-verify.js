/** aws-jwt-verify, with local keys and its synchronous function. It does not check `typ`, and supports no secrets. */

import { JwtVerifier } from "aws-jwt-verify";
import { decomposeUnverifiedJwt } from "aws-jwt-verify/jwt";
import { AUDIENCE, ISSUER } from "../../support/tokens.js";

export function verifiers(key) {
  if (!key.jwk) return [{ name: "aws-jwt-verify", mode: "sync", missing: "does not support shared secrets" }];
  if (key.alg === "PS256") return [{ name: "aws-jwt-verify", mode: "sync", missing: "does not support PS256" }];
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
