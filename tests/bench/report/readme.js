/** The README's tables: a few lines of the results, between two markers. */

import { figures, times } from "./numbers.js";

const BEGIN = "<!-- The lines from here on are written by `cargo xtask bench`. -->";
const END = "<!-- end of what `cargo xtask bench` writes -->";

/** The README with the tables of these results. Parts that were never measured have none. */
export function readmeWith(text, record) {
  const [before, rest] = text.split(`${BEGIN}\n`);
  const after = rest?.split(`${END}\n`)[1];
  if (after === undefined) throw new Error("README.md lacks the two markers of the bench's tables");
  const tables = [javascript, rust, issuer].map((write) => write(record)).filter((lines) => lines.length > 0);
  return `${before}${BEGIN}\n\n${tables.map((lines) => lines.join("\n")).join("\n\n")}\n\n${END}\n${after}`;
}

const LIBRARIES = ["hallpass", "jose", "fast-jwt", "jsonwebtoken", "aws-jwt-verify"];

const JAVASCRIPT = [
  ["verify-EdDSA", "verify EdDSA"],
  ["verify-ES256", "verify ES256"],
  ["verify-RS256", "verify RS256"],
  ["verify-HS256", "verify HS256"],
  ["verify-seen", "verify again, EdDSA, with a cache"],
  ["decode", "decode"],
  ["expiry", "has it run out?"],
  ["start-node", "import to first verified token, above Node's own start"],
  ["size-verify", "shipped to a page to verify, gzipped"],
];

function javascript({ "verifier-js": results }) {
  if (!results) return [];
  const tables = JAVASCRIPT.map(([id, label]) => [label, results.tables.find((table) => table.id === id)]);
  return [
    `In JavaScript (Node ${results.tools.node}, one thread; ${circumstances(results)}):`,
    "",
    `| a token | ${LIBRARIES.join(" | ")} |`,
    `|---|${"--:|".repeat(LIBRARIES.length)}`,
    ...tables.map(([label, table]) => `| ${label} | ${LIBRARIES.map((name) => best(table, name)).join(" | ")} |`),
  ];
}

/** The quickest, or smallest, that a library has to offer. */
function best({ rows, unit }, library) {
  const theirs = rows.filter(({ name, value }) => value !== undefined && name.split(/[:,] | \(/)[0] === library);
  const row = theirs.sort((a, b) => a.value - b.value)[0];
  return row === undefined ? "–" : cell(row, unit, library === "hallpass");
}

function cell({ value, ratio }, unit, isOurs) {
  const text = unit === "bytes" ? `${figures(value / 1024)} KiB` : `${figures(value)} ${unit}`;
  return isOurs || ratio === undefined ? text : `${text} (${times(ratio.value)})`;
}

function rust({ "verifier-rust": results }) {
  if (!results) return [];
  const names = results.tables[0].rows.map(({ name }) => name).filter((name) => !name.includes("signature alone"));
  const floors = ["aws-lc-rs (signature alone)", "ring (signature alone)"];
  const columns = [...names, ...floors];
  return [
    `In Rust (rustc ${results.tools.rustc}; ${circumstances(results)}):`,
    "",
    `| a whole token | ${columns.map((name) => name.replace(" (", ", ").replace(")", "")).join(" | ")} |`,
    `|---|${"--:|".repeat(columns.length)}`,
    ...results.tables.map(({ id, rows, unit }) => {
      const cells = columns.map((name) => {
        const row = rows.find((row) => row.name === name);
        return row?.value === undefined ? "–" : cell(row, unit, name === names[0]);
      });
      return `| verify ${id.replace("rust-", "")} | ${cells.join(" | ")} |`;
    }),
  ];
}

function issuer({ issuer: results }) {
  if (!results) return [];
  const names = results.tables[0].rows.filter(({ value }) => value !== undefined).map(({ name }) => name);
  return [
    `Durable refreshes per second, with p99 (${circumstances(results)}):`,
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

function circumstances({ machine, date }) {
  return `${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}`;
}
