/** Which versions of crates the bench is built with: those of its lock file, which the build must follow. */

import { readFileSync } from "node:fs";

/** The versions of these crates, by name; the newest where there are several. */
export function lockedVersions(names) {
  const text = readFileSync(new URL("../rust/Cargo.lock", import.meta.url), "utf8");
  const locked = [...text.matchAll(/^name = "(.+)"\nversion = "(.+)"$/gm)];
  return Object.fromEntries(names.map((name) => [name, locked.findLast((match) => match[1] === name)?.[2]]));
}
