/** The suites in a page, with the package's unchanged files and an import map. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

globalThis.runSuites = (given) => runSuites(hallpass, given);
