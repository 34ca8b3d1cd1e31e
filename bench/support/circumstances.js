/** The date, machine and versions of a measurement. */

import { execFileSync } from "node:child_process";
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

/** Date, commit, machine and tool versions; the load average is the current one unless given. */
export function circumstances([load] = loadavg()) {
  return {
    date: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      system: `${type()} ${release()} ${arch()}`,
      load: Number(load.toFixed(2)),
    },
    tools: { node: process.versions.node, openssl: process.versions.openssl, rustc: rustc() },
  };
}

/** The checked-out commit, with a `+` if files differ from it, except those that the bench writes. */
function commit() {
  const written = ["bench/results.json", "bench/speed.svg", "docs/figures.md", "README.md"];
  const changes = git(["status", "--porcelain", "--untracked-files=no"]);
  const others = changes.split("\n").filter((line) => line !== "" && !written.some((file) => line.endsWith(file)));
  return git(["rev-parse", "--short=10", "HEAD"]) + (others.length > 0 ? "+" : "");
}

function git(words) {
  try {
    return execFileSync("git", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trimEnd();
  } catch {
    return "unknown";
  }
}

function rustc() {
  return execFileSync("rustc", ["--version"], { encoding: "utf8" }).split(" ")[1];
}
