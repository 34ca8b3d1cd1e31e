/** The three figures of the README. */

import { figures, times } from "./numbers.js";
import { bestOf, circumstances } from "./tables.js";

/** One line per figure; a part without a measurement has none. */
export function highlightsOf(record) {
  const lines = [verification, refreshes, flood].map((write) => write(record)).filter(Boolean);
  const latest = Object.values(record).sort((a, b) => b.date.localeCompare(a.date))[0];
  return latest === undefined ? "" : [...lines, "", `Measured on ${circumstances(latest)}.`].join("\n");
}

function verification({ "verifier-js": results }) {
  const rows = results?.tables.find(({ id }) => id === "verify-EdDSA")?.rows;
  if (!rows) return undefined;
  const ours = bestOf(rows, "hallpass");
  const jose = bestOf(rows, "jose");
  return `- Verify an EdDSA token in Node: **${figures(ours.value)} µs**; \`jose\` takes ${figures(jose.value)} µs ` +
    `(${times(jose.ratio.value)}).`;
}

function refreshes({ issuer: results }) {
  const rows = results?.tables.find(({ clients }) => clients === 64)?.rows;
  if (!rows) return undefined;
  const ours = rows.find(({ name }) => name === "hallpass");
  const peer = rows.find(({ name }) => name === "Express and PostgreSQL, 2 processes");
  return `- Durable refreshes, 64 clients: **${figures(ours.value)} per second**, p99 ${figures(ours.p99)} ms; Express and ` +
    `PostgreSQL (2 processes): ${figures(peer.value)} per second, p99 ${figures(peer.p99)} ms.`;
}

function flood({ logins: results }) {
  const row = (id) => results?.tables.find((table) => table.id === id)?.rows.find(({ name }) => name === "hallpass");
  if (!row("flood")) return undefined;
  const { before, during } = row("flood-refresh");
  return `- A flood of five times the logins that the cores can hash: **${figures(row("flood").value)} accepted per second**, the ` +
    `others refused with \`Retry-After\`; the p99 of a refresh rises from ${figures(before.p99)} ms to ${figures(during.p99)} ms.`;
}
