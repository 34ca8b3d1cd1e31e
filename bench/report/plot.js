/** The plot of the main results, with axes from zero, in one SVG without scripts and fonts. */

import { busy } from "./busy.js";
import { bars } from "./plot/bars.js";
import { curves } from "./plot/curves.js";
import { COLORS, text } from "./plot/svg.js";

const WIDTH = 960;
const GAP = 28;
const COLUMN = (WIDTH - GAP) / 2;

/** The tables in the plot, with their titles. */
const BARS = [
  ["verifier-js", "verify-EdDSA", "Verify EdDSA in Node, distinct tokens"],
  ["verifier-rust", "rust-EdDSA", "Verify EdDSA in Rust, distinct tokens"],
  ["verifier-js", "verify-seen", "Verify in Node, 100 repeated tokens"],
  ["verifier-js", "verify-ES256", "Verify ES256 in Node, distinct tokens"],
  ["verifier-js", "decode", "Decode in Node"],
  ["verifier-js", "expiry", "Is it expired? in Node"],
];

/** Draws a record. */
export function plot(record) {
  const panels = BARS.flatMap(([part, id, title]) => {
    const table = record[part]?.tables.find((table) => table.id === id);
    const rows = (table?.rows ?? []).filter(isDrawn).map(barOf);
    return rows.length === 0 ? [] : [{ title, unit: table.unit, rows }];
  });
  const marks = [];
  let y = 8;
  for (let at = 0; at < panels.length; at += 2) {
    const position = (column) => ({ x: column * (COLUMN + GAP), y, width: COLUMN });
    const pair = panels.slice(at, at + 2).map((panel, column) => bars({ ...panel, ...position(column) }));
    marks.push(...pair.flatMap((drawn) => drawn.marks));
    y += Math.max(...pair.map(({ height }) => height));
  }
  if (record.issuer) {
    const drawn = curves({ ...refreshes(record.issuer), x: 0, y, width: WIDTH });
    marks.push(...drawn.marks);
    y += drawn.height;
  }
  marks.push(...legend(record, y));
  return document(marks, y + 76);
}

/** Rows without a cache are not drawn: their scale would reduce the others to dots. */
function isDrawn({ name, missing }) {
  return missing === undefined && !name.endsWith(", no cache");
}

/** A contender's bar, with a short label. */
function barOf(row) {
  const isFloor = /WebCrypto|crypto\.|signature alone/.test(row.name);
  const label = SHORT[row.name] ?? row.name.replace(" (signature alone)", "").replace("ed25519-", "");
  return { ...row, isFloor, isOurs: row.name.startsWith("hallpass"), label };
}

const SHORT = {
  "hallpass-token, verify alone": "hallpass-token, verify",
  "fast-jwt, cache on, keyed by the token": "fast-jwt, cache, by token",
  "hallpass, cache on: verifySync": "hallpass, cache: sync",
  "hallpass, cache on: await verify": "hallpass, cache: await",
  "hallpass, cache on, fresh claims: verifySync": "hallpass, cache: fresh",
  "hallpass: verify, 16 at once": "hallpass, 16 at once",
  "WebCrypto verify, 16 at once": "WebCrypto, 16 at once",
  "WebCrypto verify": "WebCrypto",
  "jose: decodeJwt (claims alone)": "jose, claims",
  "jose: decodeProtectedHeader, decodeJwt": "jose, header, claims",
  "jwt-decode: claims alone": "jwt-decode, claims",
  "jwt-decode: header, claims": "jwt-decode, both",
  "fast-jwt: decoder (claims alone)": "fast-jwt, claims",
  "fast-jwt: decoder, complete": "fast-jwt, both",
  "jsonwebtoken: decode (claims alone)": "jsonwebtoken, claims",
  "jsonwebtoken: decode, complete": "jsonwebtoken, both",
  "aws-jwt-verify: decomposeUnverifiedJwt": "aws-jwt-verify, both",
  "by hand: split, Buffer, JSON.parse (claims alone)": "by hand, claims",
  "jose: decodeJwt, compare": "jose, compare",
  "jwt-decode: decode, compare": "jwt-decode, compare",
  "fast-jwt: decoder, compare": "fast-jwt, compare",
  "jsonwebtoken: decode, compare": "jsonwebtoken, compare",
  "aws-jwt-verify: decompose, compare": "aws-jwt-verify, compare",
};

function refreshes({ tables }) {
  const names = tables[0].rows.filter(({ value }) => value !== undefined).map(({ name }) => name);
  const row = (table, name) => table.rows.find((row) => row.name === name);
  return {
    title: "Durable refreshes per second, over HTTP; higher is better",
    unit: "concurrent clients",
    clients: tables.map(({ clients }) => clients),
    series: names.map((name) => ({
      name,
      isBaseline: row(tables[0], name).isBaseline,
      values: tables.map((table) => row(table, name).value),
    })),
  };
}

function legend(record, y) {
  const results = Object.values(record);
  const machines = results.map(({ machine, date, tools }) => [
    `${machine.cpu}, ${machine.cores} cores`, `Node ${tools.node}`, `rustc ${tools.rustc}`, date.slice(0, 10),
  ].join(", "));
  const disturbed = results.filter(({ machine }) => busy(machine)).map(({ part }) => part);
  const sentences = [
    "Bars are medians; shorter is better. Lines through their ends are quartiles. Hollow bars: the signature alone.",
    "N×: the time as a multiple of the Hallpass in bold, computed per round.",
    [...new Set(machines)].join(" · "),
    disturbed.length > 0 ? `The machine did other work during: ${disturbed.join(", ")}.` : "",
  ];
  return sentences.map((sentence, index) => text(0, y + 12 + index * 17, sentence, { size: 11 }));
}

function document(marks, height) {
  const font = 'font-family="ui-sans-serif, system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"';
  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" ${font} fill="${COLORS.text}">
<title>Hallpass and its alternatives</title>
${marks.join("\n")}
</svg>
`;
}
