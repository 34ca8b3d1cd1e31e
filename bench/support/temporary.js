/** A temporary folder for one run, removed at its end, also after Ctrl-C. */

import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Repeats the removal a few times: a server that is stopping may still write. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };

let catches = false;

/** Creates a folder. */
export function temporaryFolder(parent = tmpdir()) {
  const folder = mkdtempSync(join(parent, "hallpass-bench-"));
  process.on("exit", () => rmSync(folder, REMOVAL));
  if (!catches) {
    // Without a listener a signal ends the process immediately, without the event "exit".
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
    catches = true;
  }
  return folder;
}

/** A folder on a disk, if necessary that of this file: in memory, durability would cost nothing. */
export function realDisk(file) {
  const TMPFS = 0x01021994;
  return statfsSync(tmpdir()).type === TMPFS ? dirname(file) : tmpdir();
}
