/** The shared vectors in a real browser, by the packed package. */

import { packedPage } from "../../../tests/support/packed-page.js";
import { testVectors } from "../../../tests/support/vector-suite.js";

const call = packedPage(new URL("vectors-page.js", import.meta.url));

testVectors((asked) => call("answer", asked));
