/** The memory of a server's processes, as reported by Linux; undefined on other systems. */

import { readFileSync, writeFileSync } from "node:fs";

/** Milliseconds between two samples of PostgreSQL's memory. */
const INTERVAL = 500;

/** The current memory of these processes and their children, in MiB. */
export function residentNow(pid) {
  return sum(pid, "status", "VmRSS");
}

/** Resets their peaks (proc(5), clear_refs). */
export function forgetPeak(pid) {
  for (const process of family(pid)) read(() => writeFileSync(`/proc/${process}/clear_refs`, "5"));
}

/** The sum of these processes' peaks since the reset, in MiB. */
export function peak(pid) {
  return sum(pid, "status", "VmHWM");
}

/** Samples the total memory of these processes, with shared memory counted once; returns the maximum in MiB. */
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

/** The process and its descendants. */
function family(pid) {
  const children = read(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")) ?? "";
  return [pid, ...children.trim().split(" ").filter(Boolean).flatMap((child) => family(Number(child)))];
}

/** The file's text, or undefined: a process may have ended meanwhile. */
function read(look) {
  try {
    return look();
  } catch {
    return undefined;
  }
}
