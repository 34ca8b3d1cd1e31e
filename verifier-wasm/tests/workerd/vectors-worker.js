/** A worker that runs the posted vectors. */

import * as hallpass from "hallpass";
import { disagreements } from "../../../tests/support/vectors.js";

export default {
  async fetch(request) {
    return Response.json(await disagreements(await request.json(), hallpass));
  },
};
