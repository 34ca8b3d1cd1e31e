/** The suites in Vercel's edge runtime; what is posted is what is given. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  return Response.json(await runSuites(hallpass, await request.json()));
}
