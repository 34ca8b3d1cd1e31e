/** The tables of docs/figures.md: a selection of the results. */

import { busy } from "./busy.js";
import { figures, times } from "./numbers.js";

/** The tables of these results, as Markdown. A part without a measurement has none. */
export function tablesOf(record) {
  return [javascript, rust, issuer, logins].map((write) => write(record)).filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n")).join("\n\n");
}

const LIBRARIES = ["hallpass", "jose", "fast-jwt", "jsonwebtoken", "aws-jwt-verify"];

const JAVASCRIPT = [
  ["verify-EdDSA", "verify EdDSA"],
  ["verify-ES256", "verify ES256"],
  ["verify-RS256", "verify RS256"],
  ["verify-PS256", "verify PS256"],
  ["verify-HS256", "verify HS256"],
  ["verify-seen", "verify a repeated token, EdDSA, with a cache"],
  ["verify-working-set", "verify tokens in turn that fill 80 % of the cache, EdDSA"],
  ["decode", "decode"],
  ["expiry", "is it expired?"],
  ["start-node", "import to first verified token, above Node's start"],
  ["start-page", "import to first verified token in a page"],
  ["size-verify", "loaded by a page to verify, gzipped"],
];

function javascript({ "verifier-js": results }) {
  if (!results) return [];
  // Stored results may be older than a table.
  const tables = JAVASCRIPT.map(([id, label]) => [label, results.tables.find((table) => table.id === id)])
    .filter(([, table]) => table !== undefined);
  return [
    `In JavaScript (Node ${results.tools.node}, one thread;`,
    `${circumstances(results)}):`,
    "",
    `| a token | ${LIBRARIES.join(" | ")} |`,
    `|---|${"--:|".repeat(LIBRARIES.length)}`,
    ...tables.map(([label, table]) => `| ${label} | ${LIBRARIES.map((name) => best(table, name)).join(" | ")} |`),
  ];
}

/** A library's fastest or smallest row, compared with that of Hallpass. */
function best({ rows, unit }, library) {
  const row = bestOf(rows, library);
  const ours = bestOf(rows, "hallpass");
  return row === undefined ? "–" : cell(row, ours, unit);
}

export function bestOf(rows, library) {
  const theirs = rows.filter(({ name, value }) => value !== undefined && name.split(/[:,] | \(/)[0] === library);
  return theirs.sort((a, b) => a.value - b.value)[0];
}

/** The ratio is computed per round if the compared row is the baseline, and from the medians otherwise. */
function cell(row, ours, unit) {
  const text = unit === "bytes" ? `${figures(row.value / 1024)} KiB` : `${figures(row.value)} ${unit}`;
  if (row === ours || ours === undefined) return text;
  const ratio = ours.isBaseline && row.ratio ? row.ratio.value : row.value / ours.value;
  return `${text} (${times(ratio)})`;
}

function rust({ "verifier-rust": results }) {
  if (!results) return [];
  const names = results.tables[0].rows.map(({ name }) => name).filter((name) => !name.includes("signature alone"));
  const floors = ["aws-lc-rs (signature alone)", "ring (signature alone)"];
  const columns = [...names, ...floors];
  return [
    `In Rust (rustc ${results.tools.rustc};`,
    `${circumstances(results)}):`,
    "",
    `| a whole token | ${columns.map((name) => name.replace(" (", ", ").replace(")", "")).join(" | ")} |`,
    `|---|${"--:|".repeat(columns.length)}`,
    ...results.tables.map(({ id, rows, unit }) => {
      const cells = columns.map((name) => {
        const [row, ours] = [name, names[0]].map((each) => rows.find((row) => row.name === each));
        return row?.value === undefined ? "–" : cell(row, ours, unit);
      });
      return `| verify ${id.replace("rust-", "")} | ${cells.join(" | ")} |`;
    }),
  ];
}

function issuer({ issuer: results }) {
  if (!results) return [];
  const names = results.tables[0].rows.filter(({ value }) => value !== undefined).map(({ name }) => name);
  return [
    "Durable refreshes per second, with p99",
    `(${circumstances(results)}):`,
    "",
    `| clients | ${names.join(" | ")} |`,
    `|--:|${"--:|".repeat(names.length)}`,
    ...results.tables.map(({ clients, rows }) => {
      const cells = names.map((name) => {
        const { value, p99 } = rows.find((row) => row.name === name) ?? {};
        return value === undefined ? "–" : `${figures(value)}/s, ${figures(p99)} ms`;
      });
      return `| ${clients} | ${cells.join(" | ")} |`;
    }),
  ];
}

/** One column per measured contender. */
function logins({ logins: results }) {
  if (!results) return [];
  const table = (id) => results.tables.find((table) => table.id === id);
  const names = table("flood").rows.filter(({ missing }) => missing === undefined).map(({ name }) => name);
  const line = (label, { rows }, text) => {
    const cells = names.map((name) => rows.find((row) => row.name === name)).map((row) => (row ? text(row) : "–"));
    return `| ${[label, ...cells].join(" | ")} |`;
  };
  const byKnown = results.tables.filter(({ id }) => id.startsWith("flood-known"));
  const closed = results.tables.filter(({ clients }) => clients !== undefined);
  const grows = ({ before, during, growth }) => `${figures(before.p99)} → ${figures(during.p99)} ms (${times(growth)})`;
  return [
    "Logins, each an Argon2id hash of 19 MiB and 2 passes; the share is of the hash rate of idle cores",
    `(${circumstances(results)}):`,
    "",
    `| | ${names.join(" | ")} |`,
    `|---|${"--:|".repeat(names.length)}`,
    ...closed.map((table) => line(`${table.clients} clients, p99`, table, ({ value, share, p99 }) =>
      `${figures(value)}/s (${percent(share)}), ${figures(p99)} ms`)),
    line(`${table("flood").title.replace("A flood", "a flood")}: accepted, p99`, table("flood"), ({ value, p99 }) =>
      value > 0 ? `${figures(value)}/s, ${figures(p99)} ms` : "none"),
    line("… refused, p99", table("flood"), ({ refused: { count, perSecond, p99 } }) =>
      count > 0 ? `${figures(perSecond)}/s, ${figures(p99)} ms` : "none"),
    line("… the client gave up, or got no valid answer", table("flood"), ({ timedOut, wrong, sent }) =>
      percent(Object.values(wrong).reduce((sum, count) => sum + count, timedOut) / sent.count)),
    line("… memory before it → peak (PostgreSQL's)", table("flood"), memory),
    line("… a refresh, p99 before → during", table("flood-refresh"), grows),
    line("… `GET /me`, p99 before → during", table("flood-me"), grows),
    ...byKnown.map((table) =>
      line(`${table.title.replace("A flood", "a flood")}: unknown devices, share, longest wait (deadline)`, table,
        ({ value, share, longest, deadline }) =>
          `${figures(value)}/s, ${percent(share)}, ${figures(longest)} ms (${figures(deadline)})`)),
  ];
}

function memory({ memory: { before, peak, postgres } }) {
  if (before === undefined) return "–";
  return `${figures(before)} → ${figures(peak)} MiB${postgres === undefined ? "" : ` (${figures(postgres)})`}`;
}

const percent = (share) => `${Math.round(share * 100)} %`;

/** The machine and date of a part, and whether the machine was busy. */
export function circumstances({ machine, date }) {
  const where = `${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}`;
  return busy(machine) ? `${where}; ${busy(machine)}` : where;
}
