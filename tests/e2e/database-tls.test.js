/** The connection to a database is encrypted and authenticated; an error is one line. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, chownSync, copyFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run, temporaryFolder } from "../support/issuer.js";
import { cannotRunPostgres, startPostgres } from "../support/postgres.js";

const skip = cannotRunPostgres() || (spawnSync("openssl", ["version"]).status !== 0 && "there is no `openssl`");

/** Creates an authority in `folder`, and a certificate for `localhost` signed by it. */
function certify(folder, name) {
  const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", `${name}-ca.key`, "-out", `${name}-ca.pem`, "-subj", "/CN=test authority", "-days", "2");
  openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", "/CN=localhost");
  writeFileSync(join(folder, "names"), "subjectAltName=DNS:localhost\n");
  const by = ["-CA", `${name}-ca.pem`, "-CAkey", `${name}-ca.key`, "-CAcreateserial", "-extfile", "names", "-days", "2"];
  openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...by);
}

test("a password is sent only over TLS to the host of the certificate", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  certify(folder, "good");
  certify(folder, "other");
  const server = await startPostgres(t);
  const { uid, gid } = statSync(server.data);
  for (const file of ["good.pem", "good.key"]) {
    copyFileSync(join(folder, file), join(server.data, file));
    chownSync(join(server.data, file), uid, gid);
  }
  server.query("CREATE ROLE clerk LOGIN PASSWORD 's3cret'");
  server.query("GRANT CREATE ON DATABASE postgres TO clerk");
  await server.stop();
  const settings = ["ssl = on", "ssl_cert_file = 'good.pem'", "ssl_key_file = 'good.key'"];
  appendFileSync(join(server.data, "postgresql.conf"), settings.map((line) => `${line}\n`).join(""));
  writeFileSync(join(server.data, "pg_hba.conf"), "local all all trust\nhostssl all clerk all scram-sha-256\n");
  execFileSync("chmod", ["600", join(server.data, "good.key")]);
  await server.start();

  const connect = (command, host, password, more) => {
    const url = `postgres://clerk:${password}@${host}:${server.port}/postgres?${more}`;
    const result = run(command, { env: { HALLPASS_STORE: url } });
    assert.doesNotMatch(result.stdout + result.stderr, /s3cret/);
    return result;
  };
  const authority = `sslrootcert=${join(folder, "good-ca.pem")}`;
  const list = (...to) => connect(["user", "list"], ...to);
  const migrated = connect(["store", "migrate"], "localhost", "s3cret", authority);
  assert.equal(migrated.status, 0, migrated.stderr);
  assert.equal(list("localhost", "s3cret", authority).status, 0);
  assert.equal(list("localhost", "s3cret", `${authority}&sslmode=verify-full`).status, 0);
  for (const [what, [host, password, more], said] of [
    ["an authority that is not ours", ["localhost", "s3cret", `sslrootcert=${join(folder, "other-ca.pem")}`], /certificate: (UnknownIssuer|BadSignature).*sslrootcert=FILE/],
    ["no authority at all", ["localhost", "s3cret", "sslmode=require"], /UnknownIssuer|no certificate authorities/],
    ["another host's name", ["127.0.0.1", "s3cret", authority], /not valid for name|NotValidForName/],
    ["a wrong password", ["localhost", "guess", authority], /password authentication failed for user "clerk"/],
    ["no TLS", ["localhost", "s3cret", "sslmode=disable"], /no pg_hba.conf entry/],
    ["a file that is none", ["localhost", "s3cret", "sslrootcert=/dev/null"], /sslrootcert: \/dev\/null has no valid certificate/],
    ["another database", ["localhost", "s3cret", `${authority}&dbname=nowhere`], /database "nowhere" does not exist/],
  ]) {
    const { status, stderr } = list(host, password, more);
    assert.equal(status, 1, what);
    assert.match(stderr, said, what);
    assert.match(stderr, /^hallpass: .*\n$/, `${what}: one line`);
  }
});
