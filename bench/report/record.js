/** The file of results: the last measurement of each part, with its date and commit. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** The parts of a file, by name. */
export function readRecord(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

/**
 * The record with a part's new results, and the rows that would be lost: rows of the old results that the new ones
 * lack. If a row would be lost, the old part stays, unless `replace` is set.
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

/** Writes the record, with its parts in a fixed order. */
export function writeRecord(file, record) {
  const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? 1 : -1)));
  writeFileSync(file, `${JSON.stringify(sorted, rounded, 1)}\n`);
}

/** Rounds to five digits, more than the precision of any measurement. */
function rounded(_, value) {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
