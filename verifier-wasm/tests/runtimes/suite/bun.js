/** The suites in Bun; standard input is what is given. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

console.log(JSON.stringify(await runSuites(hallpass, await Bun.stdin.json())));
