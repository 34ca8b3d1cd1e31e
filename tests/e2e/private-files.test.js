/** Files with secrets whose modes are set by Kubernetes, Docker or an operator. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { addUser, binary, run, startIssuer, temporaryFolder } from "../support/issuer.js";

const KEY = `${"A".repeat(43)}\n`;
const isRoot = process.getuid() === 0;

const modeOf = (path) => (statSync(path).mode & 0o7777).toString(8);

/** Starts an issuer, stops it, and returns its log. */
async function serveOnce(args) {
  const issuer = await startIssuer({ args });
  assert.equal(await issuer.stop(), 0);
  return issuer.log();
}

test("the modes of a Kubernetes volume with group access are corrected", async (t) => {
  const folder = join(temporaryFolder(t), "data");
  await serveOnce(["--store", `sled:${folder}`]);
  execFileSync("chmod", ["-R", "ug+rwX,g+s", folder]);
  const log = await serveOnce(["--store", `sled:${folder}`]);
  assert.match(log, /the mode of a file was restored path=\S*master\.key from=0660 to=0600/);
  assert.deepEqual([modeOf(join(folder, "master.key")), modeOf(join(folder, "sled"))], ["600", "700"]);
});

test("another user of the same group can use the volume, as in a pod with a new user", { skip: !isRoot && "only root can be another user" }, async (t) => {
  const above = temporaryFolder(t);
  chmodSync(above, 0o755);
  const folder = join(above, "data");
  addUser(folder);
  await serveOnce(["--store", `sled:${folder}`]);
  execFileSync("chown", ["-R", "12001:12000", folder]);
  execFileSync("chmod", ["-R", "ug+rwX,g+s,o-rwx", folder]);
  const serve = () => spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--store", `sled:${folder}`], { uid: 12002, gid: 12000 });
  const child = serve();
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const exited = once(child, "close");
  const [first] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), exited.then(() => [log])]);
  assert.match(first, /listening/);
  assert.match(log, /WARN the mode of a file cannot be changed; only the owner and the group can access the file path=\S*master\.key mode=0660/);
  child.kill("SIGTERM");
  await exited;
  // The folder lets all others through, and the file is theirs to read.
  chmodSync(join(folder, "master.key"), 0o666);
  for (const path of [folder, join(folder, "sled")]) chmodSync(path, 0o2775);
  const refused = serve();
  let told = "";
  refused.stderr.setEncoding("utf8").on("data", (text) => (told += text));
  assert.equal((await once(refused, "close"))[0], 1);
  assert.match(told, /other users can access it, and its mode cannot be changed \(.*\): run `chmod go=` on it as its owner/);
});

test("a container's secret of mode 0444 is used with a warning that names the setting, and any other is refused", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "master_key");
  writeFileSync(file, KEY);
  chmodSync(file, 0o444);
  const args = ["--store", `sled:${join(folder, "data")}`, "--master-key-file", file];
  // The folder lets its owner through alone.
  assert.doesNotMatch(await serveOnce(args), /can read a secret/);
  chmodSync(folder, 0o755);
  const { status, stderr } = run(["serve", "--listen", "127.0.0.1:0", ...args]);
  assert.equal(status, 1);
  assert.match(stderr, /master_key cannot be used: other users can read it: run `chmod 600` on it.*`mode: 0400`.*`defaultMode: 0440`/);
});

test("on a read-only mount a wrong mode is only a warning", { skip: !isRoot && "only root can mount" }, async (t) => {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  const secrets = join(folder, "secrets");
  mkdirSync(secrets);
  try {
    execFileSync("mount", ["-t", "tmpfs", "secrets", secrets], { stdio: "pipe" });
  } catch (error) {
    return t.skip(`mounting is not allowed here: ${error.stderr}`);
  }
  let log;
  try {
    writeFileSync(join(secrets, "master_key"), KEY);
    chmodSync(join(secrets, "master_key"), 0o444);
    execFileSync("mount", ["-o", "remount,ro", secrets]);
    log = await serveOnce(["--store", `sled:${join(folder, "data")}`, "--master-key-file", join(secrets, "master_key")]);
  } finally {
    execFileSync("umount", [secrets]);
  }
  assert.match(log, /WARN every user of this container can read a secret: set `mode: 0400` \(Docker\) or `defaultMode: 0440` \(Kubernetes\)/);
});
