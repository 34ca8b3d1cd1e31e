/** A worker that calls the package as a test requests it. */

import { env, waitUntil } from "cloudflare:workers";
import { createVerifier, decode, expiresIn, HallpassError, isExpired } from "hallpass";

const options = { issuer: "https://auth.example", audience: "api" };
const byUrl = createVerifier({ ...options, jwks: env.JWKS_URL });

/** Verifiers that outlive a request, by name, and the `waitUntil` of their requests. */
const kept = new Map();

const acts = {
  decode: ({ token }) => decode(token),
  isExpired: ({ token }) => isExpired(token),
  expiresIn: ({ token }) => expiresIn(token),
  verifyByUrl: ({ token }) => byUrl.verify(token),
  verifyByKeys: ({ token, jwks }) => createVerifier({ ...options, jwks }).verifySync(token),
  keep: ({ name, snapshot, waits }) => {
    const byOption = waits === "the option" ? { waitUntil } : {};
    kept.set(name, { verifier: createVerifier({ ...options, jwks: env.JWKS_URL, snapshot, ...byOption }), waits });
  },
  verifyKept: ({ name, token }, context) => {
    const { verifier, waits } = kept.get(name);
    return verifier.verify(token, waits === "the call" ? { waitUntil: (done) => context.waitUntil(done) } : {});
  },
  exportKept: ({ name }) => kept.get(name).verifier.exportKeys(),
};

export default {
  async fetch(request, _env, context) {
    const { act, ...given } = await request.json();
    try {
      return Response.json({ result: await acts[act](given, context) });
    } catch (error) {
      const { name, code, claim, reason } = error;
      return Response.json({ name, code, claim, reason, isHallpassError: error instanceof HallpassError });
    }
  },
};
