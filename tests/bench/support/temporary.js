/** A folder for one run, removed at its end, also when that comes by Ctrl-C. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let catches = false;

/** Makes one. */
export function temporaryFolder(parent = tmpdir()) {
  const folder = mkdtempSync(join(parent, "hallpass-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  if (!catches) {
    // Without a listener a signal ends the process at once, and no "exit" comes.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
    catches = true;
  }
  return folder;
}
