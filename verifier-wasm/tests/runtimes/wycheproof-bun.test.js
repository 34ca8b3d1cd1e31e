/** Project Wycheproof's cases in Bun, which has its own WebCrypto and `node:crypto`, with the packed package. */

import { after } from "node:test";
import { testWycheproof } from "../../../tests/support/wycheproof-suite.js";
import { BUN, installSuites, program, tool } from "./runtimes.js";

const packed = installSuites();
after(() => packed.remove());
const ask = program(tool("bun"), [...BUN, "cases.js", "sync"]);

testWycheproof((way, suite) => ask(packed.folder, { way, suite }), { raws: ["raw", "rawSync"] });
