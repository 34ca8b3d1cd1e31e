/** A worker that runs the posted cases of Project Wycheproof. */

import * as hallpass from "hallpass";
import { PublicKey } from "packed:dist/public-key.js";
import * as ways from "../../../tests/support/wycheproof.js";

export default {
  async fetch(request) {
    const { way, suite } = await request.json();
    return Response.json(await ways[way](suite, { ...hallpass, PublicKey }));
  },
};
