/** The command line: an invalid option is reported by its name with its valid values and status 2; later failures have status 1. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { logged } from "../support/client.js";
import { run, startIssuer, temporaryFolder } from "../support/issuer.js";

test("help and version help", () => {
  const help = run(["--help"]);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /serve\s+Run the issuer/);
  assert.match(run(["serve", "--help"]).stdout, /HALLPASS_LISTEN/);
  assert.match(run(["--version"]).stdout, /^hallpass \d+\.\d+\.\d+\n$/);
});

test("an invalid option is reported by its name with its valid values", () => {
  const wrong = [
    [["serve", "--listen", "here"], /--listen/],
    [["serve", "--access-ttl", "soon"], /--access-ttl.*such as 30s, 5m/s],
    [["serve", "--access-ttl", "40d"], /--access-ttl must be at most --idle-ttl/],
    [["serve", "--refresh-grace", "soon"], /--refresh-grace.*or 0/s],
    [["serve", "--refresh-grace", "15d"], /--idle-ttl must be more than twice --refresh-grace/],
    [["serve", "--late-window", "1m"], /--late-window must be 0, or more than twice --refresh-grace/],
    [["serve", "--key-set-max-age", "6m"], /--key-set-max-age must be from 60s to 5m/],
    [["serve", "--key-set-max-age", "59s"], /--key-set-max-age must be from 60s to 5m/],
    [["serve", "--key-rotation", "5m"], /--key-rotation and --refresh-key-rotation must be 0 or at least 330s/],
    [["serve", "--refresh-key-rotation", "soon"], /--refresh-key-rotation.*or 0/s],
    [["serve", "--issuer", "http://auth.example.com"], /--issuer.*https/s],
    [["serve", "--allowed-origin", "https://a.example/path"], /--allowed-origin.*a scheme, a host/s],
    [["serve", "--allowed-origin", "https://a.example:99999"], /--allowed-origin.*a scheme, a host/s],
    [["serve", "--allowed-origin", "https://*.example"], /--allowed-origin.*a scheme, a host/s],
    [["serve", "--trusted-proxy", "10.0.0.0/33"], /--trusted-proxy.*an address or a network/s],
    [["serve", "--store", "mysql://x"], /--store.*sled:PATH/s],
    [["serve", "--listen", "0.0.0.0:0"], /--issuer is required/],
    [["serve", "--dev", "--listen", "0.0.0.0:0"], /--dev requires a loopback address/],
    [["serve", "--dev", "--store", "sled:x"], /--dev.*cannot be used with.*--store/s],
    [["serve", "--no-such-option"], /--no-such-option/],
    [["user", "add", " "], /a username must have/],
    [["user", "add", "a", "--role", "two words"], /--role.*a role must have/s],
    [[], /Usage/],
  ];
  for (const [args, message] of wrong) {
    const { status, stderr } = run(args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, message);
  }
});

test("an empty value, or one of spaces or control characters, is reported with its option and valid values", () => {
  const options = {
    serve: {
      "--listen": /an address and a port, such as 127\.0\.0\.1:8080/,
      "--admin-listen": /an address and a port/,
      "--issuer": /a URL such as/,
      "--audience": /such as api/,
      "--allowed-origin": /a scheme, a host/,
      "--trusted-proxy": /an address or a network/,
      "--trusted-proxy-hops": /from 1 to 16/,
      "--keep-alive-timeout": /such as 30s, 5m/,
      "--access-ttl": /such as 30s, 5m/,
      "--signing-alg": /EdDSA.*Ed25519.*ES256.*HS256/s,
      "--store": /sled:PATH/,
      "--store-connections": /from 1 to 65535/,
      "--log": /error, warn, info, debug or trace/,
    },
    "session list": { "--user": /a username must have/ },
    "user add a": { "--role": /a role must have/, "--claim": /NAME=JSON/ },
    "user set a": { "--remove-claim": /the name of a claim/ },
    "keys list": { "--store": /sled:PATH/ },
  };
  for (const [command, takes] of Object.entries(options)) {
    for (const [option, expected] of Object.entries(takes)) {
      for (const value of ["", " ", "\t", "\u0007", " \u00a0"]) {
        const { status, stderr } = run([...command.split(" "), option, value]);
        assert.equal(status, 2, `${command} ${option} ${JSON.stringify(value)}: ${stderr}`);
        assert.ok(stderr.includes(option), stderr);
        assert.match(stderr, expected);
      }
    }
  }
  for (const value of [" api", "api ", "a\u0000".slice(0, 1) + "\n", "a\u001bb"]) {
    assert.equal(run(["serve", "--audience", value]).status, 2, JSON.stringify(value));
  }
  for (const [name, expected] of [
    ["HALLPASS_AUDIENCE", /--audience.*such as api/s],
    ["HALLPASS_ISSUER", /--issuer.*a URL such as/s],
    ["HALLPASS_ALLOWED_ORIGIN", /--allowed-origin.*a scheme, a host/s],
    ["HALLPASS_LISTEN", /--listen.*an address and a port/s],
    ["HALLPASS_LOG", /--log.*error, warn, info/s],
    ["HALLPASS_STORE", /--store.*sled:PATH/s],
    ["HALLPASS_MASTER_KEY", /HALLPASS_MASTER_KEY must be 32 random bytes/],
    ["HALLPASS_MASTER_KEY_FILE", /--master-key-file/],
  ]) {
    const { status, stderr } = run(["serve"], { env: { [name]: "" } });
    assert.equal(status, 2, `${name}: ${stderr}`);
    assert.match(stderr, expected);
  }
  assert.equal(run(["keys", "revoke", ""]).status, 2);
});

test("an option can be set in the environment", () => {
  const { status, stderr } = run(["serve"], { env: { HALLPASS_ACCESS_TTL: "soon" } });
  assert.equal(status, 2);
  assert.match(stderr, /--access-ttl/);
  const hs256 = (secret) => run(["serve", "--dev", "--signing-alg", "HS256"], { env: { HALLPASS_HS256_SECRET: secret } });
  assert.equal(hs256("too short").status, 2);
  assert.match(hs256("too short").stderr, /^hallpass: HALLPASS_HS256_SECRET is invalid: .*at least 32 bytes/);
  assert.match(run(["serve", "--dev", "--signing-alg", "HS256"]).stderr, /requires HALLPASS_HS256_SECRET/);
  assert.match(run(["serve", "--dev", "--signing-alg", "none"]).stderr, /--signing-alg.*EdDSA, Ed25519, ES256, HS256/s);
});

test("a failure after the start is one line with status 1", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  t.after(() => taken.close());
  const busy = run(["serve", "--dev", "--listen", `127.0.0.1:${taken.address().port}`]);
  assert.equal(busy.status, 1);
  assert.match(busy.stderr, /^hallpass: cannot listen on 127\.0\.0\.1:\d+: .*in use.*\n$/);

  const folder = temporaryFolder(t);
  const store = join(folder, "data");
  mkdirSync(store);
  const add = (input, name = "someone") =>
    run(["user", "add", name, "--password-stdin", "--store", `sled:${store}`], { input });
  assert.match(add("short\n").stderr, /^hallpass: a new password must have at least 8 characters\n$/);
  assert.match(add("").stderr, /^hallpass: a password must not be empty\n$/);
  assert.match(add(`${"x".repeat(1025)}\n`).stderr, /^hallpass: a password must be at most 1024 bytes long\n$/);
  assert.equal(add("long enough\r\n").status, 0);
  const again = add("long enough\n");
  assert.equal(again.status, 1);
  assert.match(again.stderr, /^hallpass: username_taken: the user someone exists\n$/);
  const unasked = run(["user", "add", "x", "--store", `sled:${store}`]);
  assert.match(unasked.stderr, /--password-stdin/);

});

test("a repeated value, and input after the first line, are refused", (t) => {
  const store = `sled:${temporaryFolder(t)}`;
  const user = (command, args = [], input = "long enough\n") =>
    run(["user", command, "someone", ...args, ...(command === "add" ? ["--password-stdin"] : []), "--store", store], { input });
  const refused = ({ status, stderr }, reason) => {
    assert.notEqual(status, 0);
    assert.match(stderr, reason);
  };
  const oneLine = /^hallpass: standard input has more than one line/;
  for (const input of ["long enough\nsecond\n", "long enough\n\n"]) refused(user("add", [], input), oneLine);
  const plain = /^hallpass: the password has a carriage return, a NUL byte or a byte order mark/;
  for (const input of ["long\renough\n", "long enough\r", "\ufefflong enough\n", "long\0enough"]) refused(user("add", [], input), plain);
  refused(user("add", ["--claim", "a=1", "--claim", "a=2"]), /^hallpass: --claim a must not be repeated/);
  refused(user("add", ["--log", "info", "--log", "warn"]), /cannot be used multiple times/);
  refused(run(["user", "list", "--store", store, "--store", store]), /cannot be used multiple times/);
  assert.equal(user("add", [], "long enough").status, 0);
  refused(user("set", ["--claim", "a=1", "--claim", "a=2"]), /^hallpass: --claim a must not be repeated/);
  refused(user("set", ["--claim", "a=1", "--remove-claim", "a"]), /^hallpass: --claim and --remove-claim both name the claim a/);
});

test("a user has at most as many roles as a token can carry", (t) => {
  const folder = temporaryFolder(t);
  const add = (name, count) => {
    const roles = Array.from({ length: count }, (_, index) => ["--role", `${index}`.padEnd(60, "x")]).flat();
    return run(["user", "add", name, "--password-stdin", ...roles, "--store", `sled:${folder}`], { input: "longEnough\n" });
  };
  assert.match(add("many", 17).stderr, /^hallpass: a user's roles must have at most 1024 bytes together/);
  assert.equal(add("some", 16).status, 0);
});

test("an unread log does not block the issuer", async (t) => {
  const issuer = await startIssuer({ args: ["--dev", "--log", "trace"], readsLog: false });
  t.after(() => issuer.kill());
  // A pipe holds 64 KiB; each of these requests is some hundred bytes of log.
  for (let index = 0; index < 2000; index += 1) {
    const answer = await fetch(`${issuer.url}/healthz`, { signal: AbortSignal.timeout(60_000) });
    assert.equal(answer.status, 200);
    await answer.body.cancel();
  }
  assert.equal(await issuer.stop(), 0);
});

test("--dev prints a warning and leaves no files", async () => {
  const issuer = await startIssuer({ args: ["--dev"] });
  assert.equal(await issuer.stop(), 0);
  await logged(issuer, /every user of this machine can sign in as exampleUser \/ examplePassword/);
  await logged(issuer, /temporary folder, which is removed at the end/);
});
