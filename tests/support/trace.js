/** The system calls of an issuer, recorded by strace: their starts and returns, in order. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "./client.js";
import { startIssuer, temporaryFolder } from "./issuer.js";

/** Why tracing is impossible here, or false if it is possible. */
export function cannotTrace() {
  const { status } = spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]);
  return status === 0 ? false : "strace is not there, or may not trace: the order of system calls is not tested";
}

/**
 * Starts an issuer under strace, each of whose calls of `fdatasync` takes so many milliseconds more. `end()` stops it
 * and returns the events: `{ call, text, begins, returns, line }`, where `text` is the call's arguments, and a call that
 * was not interrupted by another thread's begins and returns in one event.
 */
export async function traceIssuer(test, { args, slowSync = 0 }) {
  const file = join(temporaryFolder(test), "trace");
  const slow = slowSync ? ["-e", `inject=fdatasync:delay_enter=${slowSync * 1000}`] : [];
  const calls = "trace=pwrite64,fdatasync,recvfrom,sendto,read,write,writev";
  const under = ["strace", "-D", "-f", "-q", "-tt", "-y", "-s", "64", "-e", calls, ...slow, "-o", file];
  const issuer = await startIssuer({ args, under });
  test.after(() => issuer.kill());
  const end = async () => {
    await issuer.stop();
    // The tracer ends after the traced process; its last line is the exit of the last thread.
    for (;;) {
      const text = readFileSync(file, "utf8");
      if (/\+\+\+ exited with 0 \+\+\+\n$/.test(text)) return parse(text);
      await sleep(20);
    }
  };
  return { url: issuer.url, end };
}

function parse(text) {
  const open = new Map();
  const events = [];
  for (const line of text.split("\n")) {
    const [, thread, rest] = /^(\d+) +[\d:.]+ (.*)$/.exec(line) ?? [];
    const began = /^(\w+)\((.*)$/.exec(rest);
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest);
    if (began) {
      const [, call, tail] = began;
      const returns = !tail.endsWith("<unfinished ...>");
      if (!returns) open.set(thread, tail);
      events.push({ call, text: tail, begins: true, returns, line });
    } else if (resumed) {
      const [, call, tail] = resumed;
      events.push({ call, text: `${open.get(thread) ?? ""}${tail}`, begins: false, returns: true, line });
    }
  }
  return events;
}

/** The index of the first matching event from `start` to before `end`; fails with a sentence if there is none. */
export function find(events, start, what, passes, end = events.length) {
  const index = events.findIndex((event, at) => at >= start && at < end && passes(event));
  if (index < 0) throw new Error(`${what} is not in the trace`);
  return index;
}

const SENDS = new Set(["sendto", "write", "writev"]);

const isOn = (event, call, part) => event.call === call && event.text.includes(part);

/** Tests of an event. */
export const received = (text) => (event) => event.returns && isOn(event, "recvfrom", text);
export const answered = (event) => event.begins && SENDS.has(event.call) && event.text.includes("HTTP/1.1 2");
export const wroteLog = (event) => event.returns && isOn(event, "pwrite64", "/sled/db>");
export const syncBegins = (event) => event.begins && isOn(event, "fdatasync", "/sled/db>");
export const syncReturns = (event) =>
  event.returns && isOn(event, "fdatasync", "/sled/db>") && event.text.includes(") = 0");
