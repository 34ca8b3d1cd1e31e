/** Databases as PostgreSQL's manual and hosting providers configure them: certificates, channel binding, disks, and sleep. */

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chownSync, copyFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { binary, run, temporaryFolder } from "../support/issuer.js";
import { addressOf, cannotRunPostgres, startPostgres } from "../support/postgres.js";

const skip = cannotRunPostgres() || (spawnSync("openssl", ["version"]).status !== 0 && "there is no `openssl`");

const NEW_KEY = ["-nodes", "-newkey", "rsa:2048"];
const NO_AUTHORITY = ["-addext", "basicConstraints=critical,CA:FALSE"];
const NAMED = ["-addext", "subjectAltName=DNS:localhost"];

let folder;
let server;

/** Writes a self-signed certificate, as `NAME.crt` and `NAME.key`. */
function selfSigned(name, ...more) {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
  execFileSync("openssl", ["req", "-new", "-x509", "-days", "9", ...(more.includes("-subj") ? [] : ["-subj", "/CN=localhost"]), ...files, ...(more.includes("-newkey") ? [] : NEW_KEY), ...more], { cwd: folder, stdio: "pipe" });
}

/** Writes a certificate signed by the authority `by`. */
function signed(name, by, ...more) {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`, "-CA", `${by}.crt`, "-CAkey", `${by}.key`];
  execFileSync("openssl", ["req", "-new", "-x509", "-days", "9", "-subj", "/CN=localhost", ...NEW_KEY, ...files, ...NO_AUTHORITY, ...more], { cwd: folder, stdio: "pipe" });
}

/** Sets the certificate of the server. */
async function present(name) {
  const loaded = server.query("SELECT pg_conf_load_time()");
  const { uid, gid } = statSync(server.data);
  for (const kind of ["crt", "key"]) {
    const file = join(server.data, `server.${kind}`);
    copyFileSync(join(folder, `${name}.${kind}`), file);
    chownSync(file, uid, gid);
    execFileSync("chmod", ["600", file]);
  }
  server.query("ALTER SYSTEM SET ssl = on");
  server.query("SELECT pg_reload_conf()");
  await server.until(`SELECT pg_conf_load_time() > '${loaded}'`);
}

/** The output of a command over TLS with a password. */
function list(parameters, { host = "localhost", port = server.port } = {}) {
  const url = `postgres://clerk:s3cret@${host}:${port}/postgres?${parameters}`;
  const result = run(["user", "list"], { env: { HALLPASS_STORE: url } });
  assert.doesNotMatch(result.stdout + result.stderr, /s3cret/);
  return result;
}

const trusting = (name) => `sslmode=verify-full&sslrootcert=${join(folder, `${name}.crt`)}`;

function assertConnects(result) {
  assert.equal(result.status, 0, result.stderr);
}

function assertRefused(result, said) {
  assert.equal(result.status, 1, result.stdout);
  assert.match(result.stderr, said);
  assert.match(result.stderr, /^hallpass: .*\n$/, "one line");
}

/** Cleanup of the resources that the tests share. */
const ends = [];

before(async () => {
  if (skip) return;
  folder = temporaryFolder({ after: (end) => ends.unshift(end) });
  server = await startPostgres({ after: (end) => ends.unshift(end) });
  server.query("CREATE ROLE clerk LOGIN PASSWORD 's3cret'");
  server.query("GRANT CREATE ON DATABASE postgres TO clerk");
  const env = { HALLPASS_STORE: `postgres://clerk@/postgres?host=${server.folder}&port=${server.port}` };
  assertConnects(run(["store", "migrate"], { env }));
  writeFileSync(join(server.data, "pg_hba.conf"), "local all all trust\nhostssl all clerk all scram-sha-256\n");
});
after(async () => {
  for (const end of ends) await end();
});

test("a self-signed certificate in sslrootcert is trusted, as created by the manual", { skip }, async () => {
  selfSigned("manual");
  selfSigned("another");
  await present("manual");
  assertConnects(list(trusting("manual")));
  assertConnects(list(trusting("manual"), { host: "127.0.0.1" }));
  assertConnects(list(`${trusting("manual")}&channel_binding=require`));
  assertRefused(list(trusting("another")), /CaUsedAsEndEntity.*set this certificate as sslrootcert=FILE, or create it with .*CA:FALSE.*subjectAltName=DNS:HOST/);
  assertRefused(list("sslmode=require"), /set this certificate as sslrootcert|no certificate authorities/);
  // Many certificates can be in the file; a server that holds the key of none of them is refused.
  writeFileSync(join(folder, "both.crt"), execFileSync("cat", ["another.crt", "manual.crt"], { cwd: folder }));
  assertConnects(list(trusting("both")));
});

test("a CA certificate, or one with the host only in CN, is refused with the remedy", { skip }, async () => {
  selfSigned("ca", "-subj", "/CN=an authority");
  signed("nameless", "ca");
  await present("nameless");
  assertRefused(list(trusting("ca")), /only in CN.*set this certificate as sslrootcert=FILE, or create it with .*-addext subjectAltName=DNS:HOST/);
  assertConnects(list(trusting("nameless")));
  signed("advised", "ca", ...NAMED);
  await present("advised");
  assertConnects(list(trusting("ca")));
  assertRefused(list(trusting("ca"), { host: "127.0.0.1" }), /the host in the address must be one of the names in the certificate/);
  // As the manual signs one by an authority: openssl before 3.2 makes version 1 of it.
  const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  openssl("req", "-new", "-subj", "/CN=localhost", ...NEW_KEY, "-keyout", "plain.key", "-out", "plain.csr");
  openssl("x509", "-req", "-in", "plain.csr", "-days", "9", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", "plain.crt");
  await present("plain");
  assertRefused(list(trusting("ca")), /subjectAltName/);
  // What the first message advises.
  selfSigned("own", ...NO_AUTHORITY, ...NAMED);
  await present("own");
  assertConnects(list(trusting("own")));
});

test("an expired certificate is refused, even if it is sslrootcert itself", { skip }, async () => {
  const lines = ["[ca]", "default_ca = d", "[d]", "database = index", "serial = serial", "new_certs_dir = .", "default_md = sha256", "policy = p", "x509_extensions = e", "[p]", "commonName = supplied", "[e]", "basicConstraints = CA:TRUE"];
  writeFileSync(join(folder, "ca.cnf"), lines.map((line) => `${line}\n`).join(""));
  writeFileSync(join(folder, "index"), "");
  writeFileSync(join(folder, "serial"), "01\n");
  const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  openssl("req", "-new", "-subj", "/CN=localhost", ...NEW_KEY, "-keyout", "old.key", "-out", "old.csr");
  const time = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
  openssl("ca", "-config", "ca.cnf", "-batch", "-selfsign", "-notext", "-keyfile", "old.key", "-in", "old.csr", "-out", "old.crt", ...time);
  await present("old");
  assertRefused(list(trusting("old")), /[Ee]xpired/);
});

test("channel binding uses the hash of the certificate's signature", { skip }, async () => {
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const [name, ...more] of [
    ["sha512", "-sha512"],
    ["pss", "-sha384", "-sigopt", "rsa_padding_mode:pss"],
    ["ecdsa", "-sha256", ...ec],
  ]) {
    selfSigned(name, ...more);
    await present(name);
    for (const binding of ["require", "prefer", "disable"]) assertConnects(list(`${trusting(name)}&channel_binding=${binding}`));
  }
  selfSigned("ed25519", "-newkey", "ed25519", "-nodes");
  await present("ed25519");
  // RFC 5929 defines no binding to it.
  assertConnects(list(trusting("ed25519")));
  assertRefused(list(`${trusting("ed25519")}&channel_binding=require`), /channel_binding=require needs a server and a role with SCRAM-SHA-256/);
});

test("a role without SCRAM is refused if channel binding is required", { skip }, async () => {
  selfSigned("plain");
  // The password itself is a proof that a man in the middle could use.
  for (const method of ["trust", "password"]) {
    writeFileSync(join(server.data, "pg_hba.conf"), `local all all trust\nhostssl all clerk all ${method}\n`);
    await present("plain");
    assertConnects(list(trusting("plain")));
    assertRefused(list(`${trusting("plain")}&channel_binding=require`), /channel_binding=require needs/);
  }
  writeFileSync(join(server.data, "pg_hba.conf"), "local all all trust\nhostssl all clerk all scram-sha-256\n");
  await present("plain");
});

test("a server with fsync off is refused, unless the address allows it", { skip }, async (t) => {
  const lax = await startPostgres(t, ["fsync = off"]);
  const command = (parameters) => run(["store", "migrate"], { env: { HALLPASS_STORE: `${addressOf(lax)}${parameters}` } });
  assertRefused(command(""), /its fsync is off: .*durability=external/);
  assertRefused(command("?durability=server"), /its fsync is off/);
  const taken = command("?durability=external");
  assertConnects(taken);
  assert.match(taken.stderr, /the server's fsync is not checked \(durability=external\)/);
  lax.query("ALTER ROLE hallpass SET synchronous_commit = off");
  assert.match(command("?durability=external").stderr, /hallpass: .*its synchronous_commit is off/);
});

test("any message of a server is shown in one line", async (t) => {
  const fields = Buffer.from("SFATAL\0VFATAL\0C28000\0Mfirst\nsecond \x1b[2K\u202e\0\0");
  const head = Buffer.alloc(5, "E");
  head.writeInt32BE(fields.length + 4, 1);
  const speaker = createServer((client) => client.on("error", () => {}).once("data", () => client.end(Buffer.concat([head, fields])))).listen(0, "127.0.0.1");
  await once(speaker, "listening");
  t.after(() => speaker.close());
  const url = `postgres://clerk@localhost:${speaker.address().port}/postgres`;
  const child = spawn(binary, ["user", "list"], { env: { ...process.env, HALLPASS_STORE: url }, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  await once(child, "close");
  assert.match(said, /^hallpass: .*first\\u\{a\}second \\u\{1b\}\[2K\\u\{202e\} \(28000\)\n$/);
});

/** A proxy that simulates a sleeping server: it answers connections only `wakes` milliseconds after the first one. */
async function sleeper(t, wakesAfter) {
  const sockets = [];
  const proxy = createServer((client) => {
    const started = setTimeout(() => {
      const upstream = connect(server.port, "127.0.0.1");
      sockets.push(upstream);
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on("error", () => client.destroy() && upstream.destroy());
    }, wakesAfter());
    sockets.push(client);
    client.on("error", () => {}).on("close", () => clearTimeout(started));
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return { port: proxy.address().port };
}

test("the issuer waits for a sleeping server, by connect_timeout or retries", { skip }, async (t) => {
  const wake = async (wakesAfter, parameters) => {
    const { port } = await sleeper(t, wakesAfter);
    const url = `postgres://clerk:s3cret@localhost:${port}/postgres?${trusting("plain")}${parameters}`;
    const child = spawn(binary, ["user", "list"], { env: { ...process.env, HALLPASS_STORE: url }, stdio: ["ignore", "ignore", "inherit"] });
    return (await once(child, "exit"))[0];
  };
  // It wakes 4 s after the first connection came: the next one finds it awake.
  let first;
  assert.equal(await wake(() => Math.max(0, (first ??= Date.now()) + 4000 - Date.now()), ""), 0);
  // Each connection takes 4 s.
  assert.equal(await wake(() => 4000, "&connect_timeout=30"), 0);
  assert.equal(await wake(() => 4000, ""), 1);
});
