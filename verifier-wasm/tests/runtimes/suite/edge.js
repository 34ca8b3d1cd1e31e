/** The suites in Vercel's edge runtime. The body of the request is their input, as JSON. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  return Response.json(await runSuites(hallpass, await request.json()));
}
