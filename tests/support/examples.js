/** The examples of the documentation, so that tests run the code that a reader copies. */

import { readFileSync } from "node:fs";

const folder = new URL("../../docs/npm/", import.meta.url);

/** The key set URL of the examples. */
const KEYS = "https://auth.example.com/.well-known/jwks.json";

/** The issuer of the examples. */
export const EXAMPLE_ISSUER = "https://auth.example.com";

/** The named blocks of code of a page, by name: "```js server.mjs". Their keys are fetched from `jwks`. */
export function examplesOf(page, jwks) {
  const text = readFileSync(new URL(page, folder), "utf8");
  const blocks = [...text.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
  return Object.fromEntries(blocks.map(([, name, code]) => [name, code.replaceAll(KEYS, jwks)]));
}
