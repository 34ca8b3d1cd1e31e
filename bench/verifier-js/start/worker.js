/** A worker that verifies the token that it is asked with. `entry` is one of `entries/`, put in by the bundler. */

import { verifierFor } from "entry";

let verify;

export default {
  async fetch(request, env) {
    verify ??= verifierFor(JSON.parse(env.GIVEN));
    const { sub } = await verify(request.headers.get("authorization").slice("Bearer ".length));
    return new Response(sub);
  },
};
