/** Prints the documentation's tables of sizes: `node bench/sizes.js`, with a built package. */

import { addedToServer, shippedToRead, shippedToSignIn, shippedToVerify, slimInPage, wasmAlone } from "./verifier-js/size.js";

const TABLES = {
  "to verify, in a page or a worker": async () => [...(await shippedToVerify()), ...(await slimInPage())],
  "to verify, in a server that is one file": addedToServer,
  "to read a token and its expiry, in a page": shippedToRead,
  "to sign in and keep a session, in a page": shippedToSignIn,
  "the module alone": wasmAlone,
};

for (const [title, measure] of Object.entries(TABLES)) {
  console.log(`| ${title} | bytes | gzip | brotli |\n|---|---|---|---|`);
  for (const { name, missing, raw, gzip, brotli } of await measure()) {
    const cells = missing === undefined ? [raw, gzip, brotli].map((size) => size.toLocaleString("en")) : [missing, "", ""];
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  console.log();
}
