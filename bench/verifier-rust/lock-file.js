/** The crate versions of the bench, from its lock file, which the build uses. */

import { readFileSync } from "node:fs";

/** The versions of these crates, by name; the newest of several. */
export function lockedVersions(names) {
  const text = readFileSync(new URL("../rust/Cargo.lock", import.meta.url), "utf8");
  const locked = [...text.matchAll(/^name = "(.+)"\nversion = "(.+)"$/gm)];
  return Object.fromEntries(names.map((name) => [name, locked.findLast((match) => match[1] === name)?.[2]]));
}
