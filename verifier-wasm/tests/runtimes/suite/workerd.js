/** The suites in workerd; what is posted is what is given. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

export default {
  async fetch(request) {
    return Response.json(await runSuites(hallpass, await request.json()));
  },
};
