/** fast-jwt, with a verifier made once, as its documentation recommends. */

import { createDecoder, createVerifier } from "fast-jwt";
import { AUDIENCE, ISSUER } from "../../support/tokens.js";

const policy = (key) => ({
  key: key.pem ?? Buffer.from(key.secret),
  algorithms: [key.alg],
  allowedIss: ISSUER,
  allowedAud: AUDIENCE,
  checkTyp: "at+jwt",
});

/** Its cache is off by default. */
export function verifiers(key) {
  return [{ name: "fast-jwt", mode: "sync", run: createVerifier(policy(key)) }];
}

/** With its cache of `size` tokens, and with the faster of its documented cache keys. */
export function cachingVerifiers(key, size = 1000) {
  const cached = (more) => createVerifier({ ...policy(key), cache: size, ...more });
  const byToken = cached({ cacheKeyBuilder: (token) => token });
  return [
    { name: "fast-jwt, cache on", mode: "sync", run: cached({}) },
    { name: "fast-jwt, cache on, keyed by the token", mode: "sync", run: byToken },
  ];
}

const decode = createDecoder();
const decodeBoth = createDecoder({ complete: true });

export const decoders = [
  { name: "fast-jwt: decoder (claims alone)", mode: "sync", run: decode },
  { name: "fast-jwt: decoder, complete", mode: "sync", run: decodeBoth, subjectOf: ({ payload }) => payload.sub },
];

export const expiry = [
  { name: "fast-jwt: decoder, compare", mode: "sync", run: (token) => decode(token).exp <= Date.now() / 1000 },
];
