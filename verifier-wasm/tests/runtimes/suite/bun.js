/** The suites in Bun. Standard input is their input, as JSON. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

console.log(JSON.stringify(await runSuites({ ...hallpass, isSync: true }, await Bun.stdin.json())));
