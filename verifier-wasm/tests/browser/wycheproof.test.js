/** Project Wycheproof's cases in a real browser, with the packed package. */

import { packedPage } from "../../../tests/support/packed-page.js";
import { testWycheproof } from "../../../tests/support/wycheproof-suite.js";

const call = packedPage(new URL("wycheproof-page.js", import.meta.url));

testWycheproof((way, suite) => call("run", way, suite));
