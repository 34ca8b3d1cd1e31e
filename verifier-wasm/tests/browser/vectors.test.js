/** The shared vectors in a real browser, with the packed package. */

import { packedPage } from "../../../tests/support/packed-page.js";
import { testVectors } from "../../../tests/support/vector-suite.js";

const call = packedPage(new URL("vectors-page.js", import.meta.url));

testVectors((vectors) => call("answer", vectors));
