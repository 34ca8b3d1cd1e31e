/** Project Wycheproof's cases in Node, by the packed package. */

import { after } from "node:test";
import { importPacked, importPackedFile, packPackage } from "../../../tests/support/packed.js";
import * as ways from "../../../tests/support/wycheproof.js";
import { testWycheproof } from "../../../tests/support/wycheproof-suite.js";

const packed = packPackage();
after(() => packed.remove());
const hallpass = { ...await importPacked(packed), ...await importPackedFile(packed, "dist/web-crypto.js") };

testWycheproof((way, suite) => ways[way](suite, hallpass));
