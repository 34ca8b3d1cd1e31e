/**
 * The part `verifier-rust`: `hallpass-token` and its peers in native builds, measured by criterion in several passes.
 */

import { readArguments, say, writeResults } from "./support/run.js";
import { lockedVersions } from "./verifier-rust/lock-file.js";
import { pass } from "./verifier-rust/pass.js";
import { tableOf } from "./verifier-rust/table.js";

const CRATES = ["criterion", "ed25519-dalek", "curve25519-dalek", "jsonwebtoken", "jwt-simple", "ring", "aws-lc-rs"];

/** The algorithms of `bench/rust/benches/verify`. */
const ALGORITHMS = ["EdDSA", "ES256", "RS256", "HS256"];

/** criterion's options, and the number of passes. */
const FULL = { passes: 5, options: ["--warm-up-time=0.3", "--measurement-time=1", "--sample-size=30"] };
const QUICK = { passes: 2, options: ["--warm-up-time=0.01", "--measurement-time=0.05", "--sample-size=10"] };

const args = readArguments("executable");
const plan = args.quick ? QUICK : FULL;

const passes = [];
for (let number = 1; number <= plan.passes; number += 1) {
  say(`pass ${number} of ${plan.passes}, all algorithms, all contenders`);
  passes.push(await pass(args.executable, plan.options));
}
const tables = ALGORITHMS.map((alg) => tableOf(alg, passes));

writeResults(args, { part: "verifier-rust", tables, versions: lockedVersions(CRATES) });
