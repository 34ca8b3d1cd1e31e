/** Prints the results, and writes results.json, the plot, the tables of docs/figures.md and the README's figures. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { highlightsOf } from "./report/highlights.js";
import { pageWith } from "./report/page.js";
import { plot } from "./report/plot.js";
import { printPart } from "./report/print.js";
import { readRecord, recordWith, writeRecord } from "./report/record.js";
import { tablesOf } from "./report/tables.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Without files of results it rewrites everything from results.json. `--keep-in` is for short runs. */
const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: { "keep-in": { type: "string" }, replace: { type: "boolean", default: false } },
});

const folder = options["keep-in"] ?? here(".");
const recordFile = join(folder, options["keep-in"] ? "quick.json" : "results.json");
let record = readRecord(recordFile);
for (const file of files) {
  const results = JSON.parse(readFileSync(file, "utf8"));
  printPart(results);
  const next = recordWith(record, results, { replace: options.replace || results.quick });
  record = next.record;
  if (next.lost.length > 0) {
    console.log(`\nNOT STORED: ${recordFile} has figures that this run of ${results.part} lacks:`);
    for (const row of next.lost) console.log(`   ${row}`);
    console.log(`To replace them: node bench/report.js --replace ${file}`);
    process.exitCode = 1;
  }
}

writeRecord(recordFile, record);
writeFileSync(join(folder, "speed.svg"), plot(record));
if (options["keep-in"] === undefined) {
  const pages = { "../README.md": highlightsOf(record), "../docs/figures.md": tablesOf(record) };
  for (const [page, lines] of Object.entries(pages)) {
    writeFileSync(here(page), pageWith(readFileSync(here(page), "utf8"), lines));
  }
}
console.log(`\nkept in ${recordFile}, drawn in ${join(folder, "speed.svg")}`);
