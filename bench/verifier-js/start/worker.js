/** A worker that verifies the token of each request. The bundler replaces `entry` by one of `entries/`. */

import { verifierFor } from "entry";

let verify;

export default {
  async fetch(request, env) {
    verify ??= verifierFor(JSON.parse(env.SAMPLE));
    const { sub } = await verify(request.headers.get("authorization").slice("Bearer ".length));
    return new Response(sub);
  },
};
