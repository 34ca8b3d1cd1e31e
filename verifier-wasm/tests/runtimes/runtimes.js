/** The runtimes, and how each one runs the suites with the packed package. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { packPackage } from "../../../tests/support/packed.js";
import { runInEdgeRuntime } from "./edge-runtime.js";
import { runInPage } from "./page.js";
import { runInWorkerd } from "./workerd.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The path of a program that `npm ci` has installed here. */
export const tool = (name) => here(`node_modules/.bin/${name}`);

/** Both may use installed packages only; Deno has only the network permission. */
export const DENO = ["run", "--quiet", "--no-prompt", "--node-modules-dir=manual", "--no-remote", "--cached-only", "--allow-net"];
export const BUN = ["--no-install"];

/** By the name in the table; `run(folder, given)` resolves to the outcome. */
export const RUNTIMES = {
  "Node, import": program(process.execPath, ["node.js"]),
  "Node, require": program(process.execPath, ["node.cjs"]),
  "Node, require of CommonJS": program(process.execPath, ["--no-experimental-require-module", "node.cjs"]),
  "Deno": program(tool("deno"), [...DENO, "deno.js"]),
  "Bun": program(tool("bun"), [...BUN, "bun.js"]),
  "workerd": (folder, given) => runInWorkerd(folder, given, []),
  "workerd, nodejs_compat": (folder, given) => runInWorkerd(folder, given, ["nodejs_compat"]),
  "edge-runtime": runInEdgeRuntime,
  "Chromium": runInPage,
};

/**
 * Known deviations of a runtime, with the reason. A token that is accepted but should be refused must never be listed here.
 */
export const DIFFERENCES = {
  // Its WebCrypto reads no RSA key of more than 4096 bits.
  "Deno": { "a modulus of 8192 bits is accepted": "verify answers ERR_KEY_SET_INVALID, not accepted" },
};

/** The packed package in a folder, with the suites beside it. */
export function installSuites() {
  const packed = packPackage();
  cpSync(here("suite"), packed.folder, { recursive: true });
  for (const name of ["vectors.js", "wycheproof.js"]) copyFileSync(here(`../../../tests/support/${name}`), join(packed.folder, name));
  writeFileSync(join(packed.folder, "package.json"), '{ "type": "module" }');
  return packed;
}

/** Runs a program that reads what is given and prints the outcome. */
export function program(command, args) {
  return async (folder, given) => {
    const child = spawn(command, args, { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.end(JSON.stringify(given));
    const [printed, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    if (errors !== "") throw new Error(errors);
    return JSON.parse(printed);
  };
}
