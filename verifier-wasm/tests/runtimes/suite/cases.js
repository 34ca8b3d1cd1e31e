/** Project Wycheproof's cases in a runtime with Node's streams; standard input is `{ way, suite }`. */

import * as hallpass from "hallpass";
import { text } from "node:stream/consumers";
import process from "node:process";
import { PublicKey } from "./node_modules/hallpass/dist/public-key.js";
import { readKey } from "./node_modules/hallpass/dist/sync-crypto-node.js";
import * as ways from "./wycheproof.js";

const { way, suite } = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(await ways[way](suite, { ...hallpass, PublicKey, readKey, isSync: process.argv[2] === "sync" })));
