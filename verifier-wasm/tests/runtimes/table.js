/** Prints the table of runtimes and suites: `node verifier-wasm/tests/runtimes/table.js`. The package must be built. */

import { prepare } from "./given.js";
import { installSuites, RUNTIMES } from "./runtimes.js";

const packed = installSuites();
const prepared = await prepare();
console.log("| runtime | vectors accepted | vectors refused | vectors, with keys' tables | behavior |");
console.log("|---|---|---|---|---|");
try {
  for (const [name, run] of Object.entries(RUNTIMES)) {
    const { accepted, refused, withTables, behavior } = await run(packed.folder, prepared.givenTo(name));
    const cells = [accepted, refused, withTables, behavior].map(([right, of]) => `${right} of ${of}`);
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
} finally {
  await prepared.stop();
  packed.remove();
}
