/** Writes the vectors: `node tests/vectors/generate.js`. Every run writes the same bytes; a test compares them. */

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import attacks from "./themes/attacks.js";
import claims from "./themes/claims.js";
import confusion from "./themes/confusion.js";
import es256 from "./themes/es256.js";
import header from "./themes/header.js";
import json from "./themes/json.js";
import keys from "./themes/keys.js";
import kinds from "./themes/kinds.js";
import rfc from "./themes/rfc.js";
import rsaKeys from "./themes/rsa-keys.js";
import rsaSignatures from "./themes/rsa-signatures.js";
import sha2 from "./themes/sha2.js";
import signature from "./themes/signature.js";
import structure from "./themes/structure.js";

const THEMES = {
  attacks, claims, confusion, es256, header, json, keys, kinds, rfc, sha2, signature, structure,
  "rsa-keys": rsaKeys, "rsa-signatures": rsaSignatures,
};

/** A stretch of four characters that comes 64 times or more in a row: so base64url shows what was repeated. */
const REPEATED = /(.{4})\1{63,}/gsu;

/** The name and the text of every file. */
export function files() {
  assertNamesDiffer(Object.values(THEMES).flat());
  return Object.entries(THEMES).map(([theme, vectors]) => [`${theme}.json`, `[\n${vectors.map(text).join(",\n")}\n]\n`]);
}

/** One member a line, so that a change shows where it is. */
function text(vector) {
  const members = Object.entries({ ...vector, token: compact(vector.token) });
  return `  {\n${members.map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(",\n")}\n  }`;
}

/** The token, or its pieces where it repeats itself at length. */
function compact(token) {
  const pieces = [];
  let end = 0;
  for (const { 0: run, 1: repeat, index } of token.matchAll(REPEATED)) {
    pieces.push(token.slice(end, index), { repeat, times: run.length / repeat.length });
    end = index + run.length;
  }
  pieces.push(token.slice(end));
  return end === 0 ? token : pieces.filter((piece) => piece !== "");
}

function assertNamesDiffer(vectors) {
  const names = vectors.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two vectors have the name "${twice}"`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [name, content] of files()) writeFileSync(new URL(name, import.meta.url), content);
}
