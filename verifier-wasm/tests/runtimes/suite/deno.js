/** The suites in Deno; standard input is what is given. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

const given = await new Response(Deno.stdin.readable).json();
console.log(JSON.stringify(await runSuites(hallpass, given)));
