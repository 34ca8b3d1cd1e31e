/** Project Wycheproof's cases in the real workerd, with the packed package. */

import { packedWorker } from "../../../tests/support/packed-worker.js";
import { testWycheproof } from "../../../tests/support/wycheproof-suite.js";

const ask = packedWorker(new URL(".", import.meta.url), "wycheproof");

testWycheproof((way, suite) => ask({ way, suite }));
