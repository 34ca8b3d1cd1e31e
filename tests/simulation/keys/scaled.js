/**
 * Verifiers whose time runs thirty times as fast, so that the minimum freshness of 30 s takes one second. Issuers state real
 * seconds, which are scaled for the verifiers.
 */

import { createVerifier } from "hallpass";
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";

const FACTOR = 30;

const real = { now: Date.now, steady: performance.now.bind(performance) };

/** Real milliseconds since 1970. */
export const now = () => real.now();

/** Makes the program's clocks run faster until the end of the test. */
export function hasten(test) {
  const begun = { now: real.now(), steady: real.steady() };
  test.mock.method(Date, "now", () => begun.now + (real.now() - begun.now) * FACTOR);
  test.mock.method(performance, "now", () => begun.steady + (real.steady() - begun.steady) * FACTOR);
}

/** A way to key sets that `place()` has now: an issuer that starts again has another port. */
function scaledFetch(place) {
  return async (url, options) => {
    const answer = await fetch(new URL(new URL(url).pathname, place()), options);
    const headers = new Headers(answer.headers);
    const stretched = (_, seconds) => `max-age=${Number(seconds) * FACTOR}`;
    headers.set("cache-control", headers.get("cache-control")?.replace(/max-age=(\d+)/, stretched) ?? "");
    return new Response(answer.status === 304 ? null : await answer.text(), { status: answer.status, headers });
  };
}

const AUDIENCE = "api";
const keysOf = (issuer) => new URL("/.well-known/jwks.json", issuer);

/** What verifies by the package, and by `jose` that is told the issuer's max-age in seconds: `verify(token)` rejects what is not good. */
export function verifiers({ issuer, maxAge, place }) {
  const fetchKeys = scaledFetch(place);
  const ours = createVerifier({ issuer, audience: AUDIENCE, jwks: keysOf(issuer), fetch: fetchKeys, now: () => now() / 1000 });
  const getKey = createRemoteJWKSet(keysOf(issuer), { cacheMaxAge: maxAge * FACTOR * 1000, [customFetch]: fetchKeys });
  const options = () => ({ issuer, audience: AUDIENCE, typ: "at+jwt", currentDate: new Date(now()) });
  return { hallpass: (token) => ours.verify(token), jose: (token) => jwtVerify(token, getKey, options()) };
}
