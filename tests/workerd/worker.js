/** A worker that does what it is asked with the package, so that a test can ask from outside. */

import { env } from "cloudflare:workers";
import { createVerifier, decode, expiresIn, HallpassError, isExpired } from "hallpass";

const options = { issuer: "https://auth.example", audience: "api" };
const byUrl = createVerifier({ ...options, jwks: env.JWKS_URL });

const acts = {
  decode: ({ token }) => decode(token),
  isExpired: ({ token }) => isExpired(token),
  expiresIn: ({ token }) => expiresIn(token),
  verifyByUrl: ({ token }) => byUrl.verify(token),
  verifyByKeys: ({ token, jwks }) => createVerifier({ ...options, jwks }).verifySync(token),
};

export default {
  async fetch(request) {
    const { act, ...given } = await request.json();
    try {
      return Response.json({ result: await acts[act](given) });
    } catch (error) {
      const { name, code, claim, reason } = error;
      return Response.json({ name, code, claim, reason, isHallpassError: error instanceof HallpassError });
    }
  },
};
