/** The file of results: it keeps each part as it was last measured, with its own date and commit. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** The parts that a file holds, by name. */
export function readRecord(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

/**
 * The record with a part's new results in it, and what would be lost by that: the rows that the old ones have measured
 * and the new ones have not. Where something would be lost, the old part stays, unless `replace` says otherwise.
 */
export function recordWith(record, results, { replace }) {
  const measured = measuredRows(results);
  const lost = [...measuredRows(record[results.part])].filter((row) => !measured.has(row));
  if (lost.length > 0 && !replace) return { record, lost };
  return { record: { ...record, [results.part]: results }, lost: [] };
}

function measuredRows(results) {
  const rows = (results?.tables ?? []).flatMap(({ id, rows }) => rows.map((row) => ({ id, ...row })));
  return new Set(rows.filter(({ missing }) => missing === undefined).map(({ id, name }) => `${id}: ${name}`));
}

/** Writes the record, its parts always in the same order. */
export function writeRecord(file, record) {
  const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? 1 : -1)));
  writeFileSync(file, `${JSON.stringify(sorted, rounded, 1)}\n`);
}

/** Five figures are more than any of these measurements has. */
function rounded(_, value) {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
