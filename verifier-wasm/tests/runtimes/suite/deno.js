/** The suites in Deno. Standard input is their input, as JSON. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

const given = await new Response(Deno.stdin.readable).json();
console.log(JSON.stringify(await runSuites(hallpass, given)));
