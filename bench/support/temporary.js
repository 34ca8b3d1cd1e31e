/** A folder for one run, removed at its end, also when that comes by Ctrl-C. */

import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Again a few times: a server that was just told to end may still write. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };

let catches = false;

/** Makes one. */
export function temporaryFolder(parent = tmpdir()) {
  const folder = mkdtempSync(join(parent, "hallpass-bench-"));
  process.on("exit", () => rmSync(folder, REMOVAL));
  if (!catches) {
    // Without a listener a signal ends the process at once, and no "exit" comes.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
    catches = true;
  }
  return folder;
}

/** A folder that lies on a disk, that of this file if need be: in memory, durability would cost nothing. */
export function realDisk(file) {
  const TMPFS = 0x01021994;
  return statfsSync(tmpdir()).type === TMPFS ? dirname(file) : tmpdir();
}
