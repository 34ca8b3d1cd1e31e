/** Prints the tables of a part on a terminal. */

import { busy } from "./busy.js";
import { figures, times } from "./numbers.js";

/** Prints a part's machine, versions and tables. */
export function printPart(results) {
  const { part, quick, date, commit, machine, tools, build, versions, tables } = results;
  const list = (object) => Object.entries(object).map(([name, version]) => `${name} ${version}`).join(", ");
  const lines = [
    "",
    `━━ ${part}${quick ? " (a short run: the figures are not reliable)" : ""}`,
    `   ${date}, commit ${commit}`,
    `   ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, load ${machine.load}`,
    `   ${list(tools)}, ${list(versions)}`,
    `   hallpass is built with ${build}`,
    ...(busy(machine) ? [`   WARNING: ${busy(machine)}: times are too long, by different shares`] : []),
    ...tables.flatMap(tableLines),
  ];
  console.log(lines.join("\n"));
}

const COLUMNS = {
  µs: [
    ["µs", ({ value }) => figures(value)],
    ["quartiles", quartiles],
    ["CPU µs", ({ cpu }) => (cpu === undefined ? "" : figures(cpu))],
    ["hallpass is", ratio],
    ["by CPU", ({ cpuRatio }) => (cpuRatio === undefined ? "" : times(cpuRatio))],
  ],
  ms: [
    ["ms above bare", ({ value }) => (value === undefined ? "" : figures(value))],
    ["quartiles", quartiles],
    ["ms in all", ({ total }) => figures(total)],
    ["hallpass is", ratio],
  ],
  bytes: [
    ["raw", ({ raw }) => raw.toLocaleString("en")],
    ["gzip", ({ gzip }) => gzip.toLocaleString("en")],
    ["brotli", ({ brotli }) => brotli.toLocaleString("en")],
  ],
  "refreshes/s": [
    ["per second", ({ value }) => figures(value)],
    ["quartiles", quartiles],
    ["p50 ms", ({ p50 }) => figures(p50)],
    ["p99 ms", ({ p99 }) => figures(p99)],
    ["answered", ({ answered }) => (answered === undefined ? "" : answered.toLocaleString("en"))],
    ["load's CPU", ({ loadCpu }) => (loadCpu === undefined ? "" : `${Math.round(loadCpu * 100)} %`)],
    ["hallpass is", ratio],
  ],
  "logins/s": [
    ["per second", ({ value }) => figures(value)],
    ["quartiles", quartiles],
    ["of Argon2's", ({ share }) => (share === undefined ? "" : percent(share))],
    ["p50 ms", ({ p50 }) => figures(p50)],
    ["p99 ms", ({ p99 }) => figures(p99)],
    ["answered", ({ answered }) => (answered === undefined ? "" : answered.toLocaleString("en"))],
    ["load's CPU", ({ loadCpu }) => (loadCpu === undefined ? "" : percent(loadCpu))],
    ["hallpass is", ratio],
  ],
  "accepted/s": [
    ["accepted/s", ({ value }) => figures(value)],
    ["p50 ms", ({ p50 }) => figures(p50)],
    ["p99 ms", ({ p99 }) => figures(p99)],
    ["longest", ({ most }) => figures(most)],
    ["refused/s", ({ refused }) => figures(refused.perSecond)],
    ["p50 ms", ({ refused }) => (refused.count > 0 ? figures(refused.p50) : "")],
    ["p99 ms", ({ refused }) => (refused.count > 0 ? figures(refused.p99) : "")],
    ["gave up", ({ timedOut }) => timedOut.toLocaleString("en")],
    ["other", ({ wrong }) => sum(Object.values(wrong)).toLocaleString("en")],
    ["MiB before", ({ memory }) => mebibytes(memory.before)],
    ["peak", ({ memory }) => mebibytes(memory.peak)],
    ["after", ({ memory }) => mebibytes(memory.after)],
    ["PostgreSQL's", ({ memory }) => mebibytes(memory.postgres)],
    ["sent/s", ({ sent }) => figures(sent.perSecond)],
    ["late p99 ms", ({ sent }) => figures(sent.late.p99)],
    ["load's CPU", ({ loadCpu }) => (loadCpu === null ? "" : percent(loadCpu))],
    ["hallpass is", ({ ratio }) => times(ratio.value)],
  ],
  "unknown devices/s": [
    ["unknown/s", ({ value }) => figures(value)],
    ["share", ({ share }) => percent(share)],
    ["known/s", ({ known }) => figures(known)],
    ["refused", ({ refused }) => refused.toLocaleString("en")],
    ["gave up", ({ gaveUp }) => gaveUp.toLocaleString("en")],
    ["longest ms", ({ longest }) => figures(longest)],
    ["deadline", ({ deadline }) => figures(deadline)],
  ],
  "ms in a flood": [
    ["before: p50 ms", ({ before }) => figures(before.p50)],
    ["p99 ms", ({ before }) => figures(before.p99)],
    ["unanswered", ({ before }) => before.unanswered.toLocaleString("en")],
    ["during: p50 ms", ({ during }) => figures(during.p50)],
    ["p99 ms", ({ during }) => figures(during.p99)],
    ["longest", ({ during }) => figures(during.most)],
    ["unanswered", ({ during }) => during.unanswered.toLocaleString("en")],
    ["p99 grows", ({ growth }) => times(growth)],
    ["hallpass is", ({ ratio }) => times(ratio.value)],
  ],
};

const percent = (share) => `${Math.round(share * 100)} %`;
const mebibytes = (number) => (number === undefined ? "" : figures(number));
const sum = (numbers) => numbers.reduce((all, number) => all + number, 0);

function quartiles({ low, high }) {
  return low === undefined ? "" : `${figures(low)}–${figures(high)}`;
}

function ratio({ ratio }) {
  return ratio === undefined ? "" : `${times(ratio.value)} (${times(ratio.low)}–${times(ratio.high)})`;
}

function tableLines({ title, unit, rounds, rows, notes = [] }) {
  const columns = COLUMNS[unit];
  const texts = rows.map((row) => columns.map(([, text]) => (row.missing === undefined ? text(row) : "")));
  const widths = columns.map(([head], column) => Math.max(head.length, ...texts.map((row) => row[column].length)));
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const head = columns.map(([text], column) => text.padStart(widths[column])).join("  ");
  return [
    "",
    `   ${title}${rounds > 1 ? ` (median of ${rounds} rounds)` : ""}`,
    `   ${"".padEnd(nameWidth)}  ${head}`,
    ...rows.map(({ name, missing, notes = [] }, index) => {
      const numbers = texts[index].map((text, column) => text.padStart(widths[column])).join("  ");
      const remark = missing === undefined ? notes.join("; ") : `– ${missing}`;
      const shown = missing === undefined ? `${numbers}  ${remark}` : remark;
      return `   ${name.padEnd(nameWidth)}  ${shown}`.trimEnd();
    }),
    ...notes.map((note) => `   ${note}`),
  ];
}
