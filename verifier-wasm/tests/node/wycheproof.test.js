/** Project Wycheproof's cases in Node, by the packed package. */

import { after } from "node:test";
import { importPacked, importPackedFile, packPackage } from "../../../tests/support/packed.js";
import * as ways from "../../../tests/support/wycheproof.js";
import { testWycheproof } from "../../../tests/support/wycheproof-suite.js";

const packed = packPackage();
after(() => packed.remove());
const files = await Promise.all(["public-key", "sync-crypto-node"].map((name) => importPackedFile(packed, `dist/${name}.js`)));
const hallpass = Object.assign({ isSync: true }, await importPacked(packed), ...files);

testWycheproof((way, suite) => ways[way](suite, hallpass), { raws: ["raw", "rawSync"] });
