/** The part `verifier-js`: the verifier in JavaScript and its peers, in Node on one thread, in workerd, and in Chromium. */

import { FULL, QUICK, race } from "./support/rounds.js";
import { readArguments, say, writeResults } from "./support/run.js";
import { ALGORITHMS, freshKey } from "./support/tokens.js";
import { versionsOf } from "./support/versions.js";
import { decoders, expiryReaders } from "./verifier-js/reading.js";
import { shippedToRead, shippedToVerify, wasmAlone } from "./verifier-js/size.js";
import { startInNode } from "./verifier-js/start/node.js";
import { startInPage } from "./verifier-js/start/page.js";
import { startInWorkerd } from "./verifier-js/start/workerd.js";
import { freshTokens, missedTokens, seenTokens, workingSet } from "./verifier-js/verify.js";

const PACKAGES = ["hallpass", "jose", "fast-jwt", "jsonwebtoken", "aws-jwt-verify", "jwt-decode", "workerd", "esbuild"];

const args = readArguments();
const plan = args.quick ? QUICK : FULL;
const tables = [];

async function table(id, title, about, rows) {
  say(title);
  tables.push({ id, title, ...about, rows: await rows() });
}

const TIME = { unit: "µs", rounds: plan.rounds };

for (const alg of ALGORITHMS) {
  const key = freshKey(alg);
  await table(`verify-${alg}`, `Verify ${alg}, distinct tokens`, TIME, async () =>
    race(await freshTokens(key, plan.distinctTokens), plan));
}
const key = freshKey("EdDSA");
await table("verify-seen", "Verify repeated tokens: EdDSA, 100 tokens", TIME, async () =>
  race(await seenTokens(key), plan));
await table("verify-working-set", "Verify tokens in turn that fill 80 % of the cache: EdDSA, 4,096 tokens", TIME, async () =>
  race(await workingSet(key), plan));
await table("verify-missed", "A cache that does not help: EdDSA, distinct tokens", TIME, async () =>
  race(await missedTokens(key), plan));
await table("decode", "Decode", TIME, () => race(decoders(key, plan.distinctTokens), plan));
await table("expiry", "Is it expired?", TIME, () => race(expiryReaders(key, plan.distinctTokens), plan));

const beginnings = { unit: "ms", rounds: plan.rounds };
await table("start-node", "From import to the first verified token, in a new process", beginnings, () =>
  startInNode(plan.rounds));
await table("start-workerd", "From the start of workerd to the first answered request", beginnings, () =>
  startInWorkerd(plan.rounds));

await table("start-page", "From import to the first verified token, in a page of Chromium", beginnings, () =>
  startInPage(plan.rounds));

const bytes = { unit: "bytes", rounds: 1 };
await table("size-verify", "Bytes loaded, to verify (minified by esbuild)", bytes, shippedToVerify);
await table("size-read", "Bytes loaded, to decode and check the expiry", bytes, shippedToRead);
await table("size-wasm", "The wasm module alone", bytes, wasmAlone);

writeResults(args, { part: "verifier-js", tables, versions: versionsOf(PACKAGES) });
