/** The allowed dependencies, without cycles: between packages, and inside the issuer. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path) => readFileSync(join(root, path), "utf8");

/** The allowed dependencies of each crate. */
const CRATES = {
  "hallpass-token": [],
  "hallpass-issuer": ["hallpass-token"],
  "hallpass-verifier-tower": ["hallpass-token"],
  "hallpass-verifier-wasm": ["hallpass-token"],
  xtask: [],
};

/** The allowed dependencies of each npm package. */
const PACKAGES = { "verifier-wasm": [], "js-demo": ["hallpass"], tests: ["hallpass"] };

/**
 * What each module of the issuer may name. `main`, `lib` and `serve` put the parts together and may name all. Handlers hold
 * no rule, rules know no store and no network, and the store knows no rule.
 */
const MODULES = {
  commands: [
    ...["audit", "clock", "entropy", "foreign_text", "hashing", "http", "id", "key_ring", "metrics", "password"],
    ...["refresh_token", "session", "store", "user"],
  ],
  http: ["auth", "clock", "device_token", "entropy", "foreign_text", "hashing", "log", "metrics", "password", "session", "user"],
  auth: [
    ...["audit", "clock", "device_token", "entropy", "hashing", "id", "key_ring", "login_throttle", "metrics"],
    ...["password", "refresh_token", "session", "store", "user"],
  ],
  hashing: ["clock", "entropy", "metrics", "password"],
  login_throttle: ["audit", "clock", "device_token", "id", "metrics", "user"],
  key_ring: ["audit", "byte_fields", "clock", "entropy", "metrics", "private_file", "refresh_token", "store"],
  sweeper: ["audit", "clock", "key_ring", "session", "store"],
  store: ["foreign_text", "id", "private_file", "session", "user"],
  audit: ["id", "log", "session"],
  session: ["byte_fields", "foreign_text", "id", "refresh_token", "user"],
  device_token: ["id", "refresh_token", "user"],
  refresh_token: ["byte_fields", "id"],
  user: ["id", "password"],
  log: ["metrics"],
  password: [],
  metrics: [],
  foreign_text: [],
  private_file: [],
  byte_fields: [],
  id: [],
  clock: [],
  entropy: [],
};

/** Whether a Rust source contains only tests. */
const isTest = (name) =>
  /\/tests(\.rs|\/)|^store\/(conformance|scale)(\.rs|\/)|^session\/model(\.rs|\/)|^key_ring\/(model|history)(\.rs|\/)/.test(name);

/** A Rust source without its tests and comments. */
const code = (text) => text.replace(/^\s*\/\/.*$/gm, "").split(/^#\[cfg\(test\)\]/m)[0];

/** The modules of the crate that a source names, in `use crate::…` of one or many, or in a path. */
function modulesNamed(source) {
  const single = [...source.matchAll(/\bcrate::(\w+)/g)].map((match) => match[1]);
  const grouped = [...source.matchAll(/\buse crate::\{([\s\S]*?)\};/g)].flatMap(([, list]) =>
    // Only the outermost names of a list such as `a::{b, c}, d`.
    list.replace(/\{[^{}]*(\{[^{}]*\}[^{}]*)*\}/g, "").split(",").map((entry) => entry.trim().split("::")[0]),
  );
  return new Set([...single, ...grouped].filter(Boolean));
}

test("the dependencies between crates have no cycles", () => {
  const { stdout, status, stderr } = spawnSync("cargo", ["metadata", "--format-version", "1", "--no-deps", "--offline"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  assert.equal(status, 0, stderr);
  const packages = JSON.parse(stdout).packages;
  assert.deepEqual(packages.map(({ name }) => name).sort(), Object.keys(CRATES).sort());
  for (const { name, dependencies } of packages) {
    // A crate may name itself to turn on a feature of its own in its tests.
    const ours = dependencies.filter((each) => each.name in CRATES && each.name !== name && each.kind === null).map((each) => each.name);
    assert.deepEqual(ours, CRATES[name], name);
  }
});

test("the dependencies between npm packages have no cycles", () => {
  for (const [folder, allowed] of Object.entries(PACKAGES)) {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(`${folder}/package.json`));
    const ours = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name.startsWith("hallpass"));
    assert.deepEqual(ours, allowed, folder);
  }
});

test("the token crate uses no clock, no randomness and no I/O", () => {
  const sources = readdirSync(join(root, "token/src"), { recursive: true }).filter((name) => name.endsWith(".rs"));
  for (const name of sources) {
    const source = code(read(`token/src/${name}`));
    assert.doesNotMatch(source, /\bstd::(fs|net|io|env|process|thread|time)\b|getrandom|tokio/, name);
  }
});

test("the dependencies between the issuer's modules have no cycles", () => {
  const sources = readdirSync(join(root, "issuer/src"), { recursive: true }).filter((name) => name.endsWith(".rs"));
  for (const name of sources) {
    const module = name.split("/")[0].replace(".rs", "");
    if (["main", "lib"].includes(module) || name.startsWith("commands/serve") || isTest(name)) continue;
    const allowed = MODULES[module];
    assert.ok(allowed, `${name}: a new module needs its place in this table`);
    for (const named of modulesNamed(code(read(`issuer/src/${name}`)))) {
      assert.ok(named === module || allowed.includes(named), `${name} must not know ${named}`);
    }
  }
});

test("handlers use the use cases and never the store, and only a store uses its engine", () => {
  for (const name of readdirSync(join(root, "issuer/src"), { recursive: true }).filter((each) => each.endsWith(".rs"))) {
    const source = code(read(`issuer/src/${name}`));
    if (name.startsWith("http") && !isTest(name)) assert.doesNotMatch(source, /\bstore::|\bStore\b/, name);
    // The engine is `::sled`; `store::sled` is our own module over it.
    if (!/^store\/sled(\.rs|\/)/.test(name)) assert.doesNotMatch(source, /(?<!store)::sled\b/, name);
    if (!/^store\/postgres(\.rs|\/)/.test(name)) assert.doesNotMatch(source, /\btokio_postgres\b/, name);
  }
});

test("only main reads the environment and the signals", () => {
  for (const name of readdirSync(join(root, "issuer/src"), { recursive: true }).filter((each) => each.endsWith(".rs"))) {
    if (name !== "main.rs" && !isTest(name)) assert.doesNotMatch(code(read(`issuer/src/${name}`)), /std::env|signal::|\benv::var/, name);
  }
});

/** System-specific calls, and their systems as in a `cfg`. */
const SYSTEM_CALLS = {
  [String.raw`\bset_tcp_user_timeout\b`]: ["linux"],
  [String.raw`\bsched_\w+\b|\bSCHED_\w+\b|\bCLOCK_THREAD_CPUTIME_ID\b`]: ["linux"],
  [String.raw`\bos::(linux|android)::`]: ["linux", "android"],
  [String.raw`\bSO_PEERCRED\b|\bSO_INCOMING_CPU\b|\bset_(?:bind_device|mark|freebind\w*|cork|quickack|thin_\w+|tcp_congestion|priority|cpu_affinity|reuse_port_cbpf)\b`]: ["linux"],
  [String.raw`\b(?:timerfd_\w+|epoll_\w+|inotify_\w+|signalfd|memfd_\w+|pidfd_\w+|prctl|getrandom_syscall|fallocate|sync_file_range|syncfs|O_TMPFILE|O_PATH|O_DIRECT|MSG_NOSIGNAL|accept4|pipe2|dup3)\b`]: ["linux"],
};

/** Whether one of the lines above an offset's item, or of its file, names these systems in a `cfg`. */
function isGuarded(source, offset, systems) {
  const named = new RegExp(`cfg\\(.*\\b(?:${systems.map((each) => `target_os = "${each}"`).join("|")})`, "s");
  return attributesAround(source, offset).some((attribute) => named.test(attribute) && !/^#!?\[cfg\(not\(/.test(attribute));
}

/** The `#[cfg(…)]` of every block, item or statement that holds an offset: each stands before what it opens. */
function* attributesOf(source) {
  for (const match of source.matchAll(/#!?\[cfg\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)\]/g)) yield { text: match[0], start: match.index, end: match.index + match[0].length };
}

function attributesAround(source, offset) {
  return [...attributesOf(source)].filter(({ text, end }) => text.startsWith("#!") || (end < offset && offset < endOfItem(source, end))).map(({ text }) => text);
}

/** Where the item or statement ends that begins at an offset: behind its `;`, or behind the brace that closes it. */
function endOfItem(source, from) {
  let depth = 0;
  for (let at = from; at < source.length; at += 1) {
    if ("({[".includes(source[at])) depth += 1;
    if (")}]".includes(source[at])) depth -= 1;
    if (depth < 0 || (depth === 0 && (source[at] === ";" || source[at] === "}"))) return at;
  }
  return source.length;
}

/** Every unguarded call in a source. */
function unguarded(source) {
  const plain = source.replace(/\/\/.*$/gm, (comment) => " ".repeat(comment.length));
  return Object.entries(SYSTEM_CALLS).flatMap(([call, systems]) =>
    [...plain.matchAll(new RegExp(call, "g"))].filter(({ index }) => !isGuarded(plain, index, systems)).map(([name]) => name),
  );
}

test("a system-specific call is under a cfg", () => {
  const crates = ["token", "issuer", "verifier-tower", "verifier-wasm", "xtask", "bench/rust", "bench/tests"];
  const sources = crates
    .filter((crate) => existsSync(join(root, crate)))
    .flatMap((crate) => readdirSync(join(root, crate), { recursive: true }).map((name) => `${crate}/${name}`))
    .filter((name) => name.endsWith(".rs") && !/(^|\/)(target|node_modules)\//.test(name));
  assert.ok(sources.length > 100);
  for (const name of sources) assert.deepEqual(unguarded(read(name)), [], name);
  // The test itself tells the one from the other.
  assert.deepEqual(unguarded("fn a() { socket.set_tcp_user_timeout(None); }"), ["set_tcp_user_timeout"]);
  assert.deepEqual(unguarded('#[cfg(target_os = "linux")]\nfn a() {}\nfn b() { x.set_tcp_user_timeout(None); }'), ["set_tcp_user_timeout"]);
  assert.deepEqual(unguarded('#[cfg(not(target_os = "linux"))]\nfn b() { x.set_tcp_user_timeout(None); }'), ["set_tcp_user_timeout"]);
  assert.deepEqual(unguarded('#[cfg(target_os = "linux")]\nfn b() { if c { x.set_tcp_user_timeout(None); } }'), []);
  assert.deepEqual(unguarded('fn b() { #[cfg(any(target_os = "linux", target_os = "android"))]\nif let Err(e) = x.set_tcp_user_timeout(None) { } }'), []);
});
