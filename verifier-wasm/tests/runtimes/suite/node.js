/** The suites in Node, with `import`. Standard input is their input, as JSON. */

import * as hallpass from "hallpass";
import { text } from "node:stream/consumers";
import { runSuites } from "./run.js";

console.log(JSON.stringify(await runSuites({ ...hallpass, isSync: true }, JSON.parse(await text(process.stdin)))));
