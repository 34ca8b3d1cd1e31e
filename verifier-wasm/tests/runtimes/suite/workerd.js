/** The suites in workerd. The body of the request is their input, as JSON. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

export default {
  async fetch(request) {
    return Response.json(await runSuites(hallpass, await request.json()));
  },
};
