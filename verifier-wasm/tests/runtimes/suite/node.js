/** The suites in Node, imported; standard input is what is given. */

import * as hallpass from "hallpass";
import { text } from "node:stream/consumers";
import { runSuites } from "./run.js";

console.log(JSON.stringify(await runSuites(hallpass, JSON.parse(await text(process.stdin)))));
