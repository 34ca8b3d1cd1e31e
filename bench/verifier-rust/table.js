/** The passes of an algorithm as a table. */

import { ratios, spread } from "../support/statistics.js";

const HALLPASS = "hallpass-token";

const NOTES = {
  "hallpass-token, verify alone": ["leaves the claims as JSON text"],
  jsonwebtoken: ["with aws-lc-rs", "does not check `typ`"],
  "jwt-simple": ["pure Rust"],
};

/** Hallpass first, with all claims deserialized as by the peers; then whole verifiers, then bare signature checks. */
const rank = (name) => (name.startsWith(HALLPASS) ? 0 : name.includes("signature alone") ? 2 : 1);

export function tableOf(alg, passes) {
  const names = Object.keys(passes[0][alg]).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const times = (name) => passes.map((pass) => pass[alg][name]);
  const isMeasured = (name) => passes[0][alg][name] !== undefined;
  return {
    id: `rust-${alg}`,
    title: `Verify ${alg} in Rust, whole tokens`,
    unit: "µs",
    rounds: passes.length,
    rows: names.map((name) =>
      isMeasured(name) ? row(name, times, isMeasured(HALLPASS)) : { name, missing: "not supported" }),
  };
}

function row(name, times, hasBaseline) {
  return {
    name,
    notes: NOTES[name] ?? [],
    isBaseline: name === HALLPASS,
    ...spread(times(name)),
    ...(hasBaseline && { ratio: ratios(times(name), times(HALLPASS)) }),
  };
}
