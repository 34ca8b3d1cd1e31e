/** The shared vectors in the real workerd, with the packed package. */

import { packedWorker } from "../../../tests/support/packed-worker.js";
import { testVectors } from "../../../tests/support/vector-suite.js";

testVectors(packedWorker(new URL(".", import.meta.url), "vectors"));
