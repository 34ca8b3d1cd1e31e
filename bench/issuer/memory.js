/** How much memory a server's processes take, as Linux tells it; elsewhere nothing is said. */

import { readFileSync, writeFileSync } from "node:fs";

/** Milliseconds between two looks at PostgreSQL's. */
const INTERVAL = 500;

/** MiB that these processes and their children have in memory now. */
export function residentNow(pid) {
  return sum(pid, "status", "VmRSS");
}

/** Forgets their peaks up to now (proc(5), clear_refs): the next one counts from here on. */
export function forgetPeak(pid) {
  for (const process of family(pid)) read(() => writeFileSync(`/proc/${process}/clear_refs`, "5"));
}

/** MiB that each of these processes had at most since, together. */
export function peak(pid) {
  return sum(pid, "status", "VmHWM");
}

/** Looks again and again at MiB that these processes take together, what they share counted once; returns the most. */
export function watchShared(pid) {
  const looks = [];
  const look = () => looks.push(sum(pid, "smaps_rollup", "Pss") ?? 0);
  const timer = setInterval(look, INTERVAL);
  look();
  return () => {
    clearInterval(timer);
    return Math.max(...looks) || undefined;
  };
}

function sum(pid, file, member) {
  const kibibytes = family(pid).map((process) => {
    const text = read(() => readFileSync(`/proc/${process}/${file}`, "utf8")) ?? "";
    return Number(new RegExp(`^${member}:\\s*(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
  });
  const all = kibibytes.reduce((sum, each) => sum + each, 0);
  return all > 0 ? all / 1024 : undefined;
}

/** The process and all that it has started. */
function family(pid) {
  const children = read(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")) ?? "";
  return [pid, ...children.trim().split(" ").filter(Boolean).flatMap((child) => family(Number(child)))];
}

/** A process may have ended meanwhile. */
function read(look) {
  try {
    return look();
  } catch {
    return undefined;
  }
}
