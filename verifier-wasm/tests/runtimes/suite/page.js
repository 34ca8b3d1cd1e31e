/** The suites in a page, from the package's files as they are: an import map says where they lie. */

import * as hallpass from "hallpass";
import { runSuites } from "./run.js";

globalThis.runSuites = (given) => runSuites(hallpass, given);
