/** The documentation: its links, its commands and its lists are those of the code. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path) => readFileSync(join(root, path), "utf8");

/** Folders that are installed or built. */
const FOREIGN = ["node_modules", "target", "dist"];
const pages = [...markdownIn(root)].map((path) => relative(root, path));

/** The pages of this folder and of those below it. */
function* markdownIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !FOREIGN.includes(entry.name) && !entry.name.startsWith(".")) yield* markdownIn(path);
    if (entry.isFile() && entry.name.endsWith(".md")) yield path;
  }
}

const withoutBlocks = (text) => text.replace(/^ *```.*?^ *```$/gms, "");

/** The anchors that GitHub makes of a page's headings. */
function anchorsOf(page) {
  const headings = withoutBlocks(read(page)).matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, text]) => text.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));
}

/** Whether a link of a page leads to a file or folder and, where it names one, to a heading. */
function leads(page, link) {
  const [path, anchor] = link.split("#");
  const target = path === "" ? page : relative(root, join(root, dirname(page), decodeURIComponent(path)));
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || (target.endsWith(".md") && anchorsOf(target).includes(anchor));
}

test("every relative link leads to a file and a heading", () => {
  assert.ok(pages.includes("README.md") && pages.includes("docs/npm/client.md"));
  for (const page of pages) {
    const text = withoutBlocks(read(page)).replace(/`[^`]*`/g, "");
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
    const broken = links.filter((link) => !/^(https?|mailto):/.test(link) && !leads(page, link));
    assert.deepEqual(broken, [], page);
  }
});

/** Files and folders of the repository, below a folder. */
function* sourcesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (FOREIGN.includes(entry.name) || entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    yield entry.isDirectory() ? `${path}/` : path;
    if (entry.isDirectory()) yield* sourcesIn(path);
  }
}

test("every file and folder that a page for developers names exists", () => {
  const sources = [...sourcesIn(root)];
  for (const page of pages.filter((each) => /^(ARCHITECTURE|CONTRIBUTING)\.md$|^docs\/design\//.test(each))) {
    const spans = [...withoutBlocks(read(page)).matchAll(/`((?:[\w.-]+\/)*[\w.-]+(?:\.(?:rs|ts|js|json|md|toml)|\/))`/g)].map(([, span]) => span);
    const missing = spans.filter((span) => !span.includes("NAME") && !sources.some((path) => path.endsWith(`/${span}`)));
    assert.deepEqual(missing, [], page);
  }
});

/** What `--help` of a command prints, where the binary knows it. */
function help(words) {
  return execFileSync(process.env.HALLPASS_BIN, [...words, "--help"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The commands that a help lists. */
function subcommands(text) {
  const list = (text.split("\nCommands:\n")[1] ?? "").split("\n\n")[0];
  return [...list.matchAll(/^ {2}(\S+) /gm)].map(([, name]) => name);
}

/** Fails unless the binary knows a command line's command and options. */
function assertKnown(line, page) {
  const words = line.replace(/'[^']*'|"[^"]*"/g, "…").split(/\s+/).slice(1);
  const command = [];
  let text = help(command);
  while (subcommands(text).length > 0 && words[command.length] !== undefined) {
    const next = words[command.length];
    if (next.startsWith("-")) break;
    assert.ok(subcommands(text).includes(next), `${page}: ${line}`);
    command.push(next);
    text = help(command);
  }
  for (const option of words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split(/[=,.;]/)[0])) {
    assert.match(text, new RegExp(`(^|\\s)${option}(?![\\w-])`), `${page}: ${line}`);
  }
}

test("every command of README and docs/operate exists in the binary, with its options", () => {
  const tasks = /enum Tasks \{(.*?)^\}/ms.exec(read("xtask/src/main.rs"))[1];
  const xtask = [...tasks.matchAll(/^ {4}([A-Z]\w+)/gm)].map(([, name]) => name.toLowerCase());
  for (const page of pages.filter((each) => each === "README.md" || each.startsWith("docs/operate/"))) {
    const text = read(page);
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block.replaceAll("\\\n", " "));
    const lines = blocks.flatMap((block) => block.split("\n")).map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter(Boolean);
    for (const line of lines) {
      assert.match(line, /^(cargo|curl|export|hallpass) /, page);
      if (line.startsWith("hallpass ")) assertKnown(line, page);
      if (line.startsWith("cargo xtask ")) assert.ok(xtask.includes(line.split(/\s+/)[2]), `${page}: ${line}`);
    }
    const spans = [...withoutBlocks(text).matchAll(/`(hallpass [^`]+)`/g)].map(([, span]) => span.replace(/\s+/g, " "));
    for (const span of spans) assertKnown(span, page);
  }
});

test("docs/operate/configure.md has exactly the options of serve", () => {
  const options = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name).filter((name) => !["help", "version"].includes(name)).sort();
  const table = options(read("docs/operate/configure.md"), /^\| `--([\w-]+)/gm);
  assert.deepEqual(table, options(help(["serve"]), /^ {2,8}(?:-\w, )?--([\w-]+)/gm));
});

test("docs/http-api.md has every route and every error code", () => {
  const page = read("docs/http-api.md");
  const routes = [...read("issuer/src/http/routes.rs").split("#[cfg(test)]")[0].matchAll(/^ {4,8}(?:(?:get|post|route)\()?"(\/[^"]+)"/gm)];
  assert.ok(routes.length >= 12, `${routes.length} routes`);
  for (const [, path] of routes) assert.ok(page.includes(`${path}\``), path);
  const codes = [...read("issuer/src/http/error.rs").matchAll(/"([a-z]+_[a-z_]+|overloaded|unavailable)"/g)].map(([, code]) => code);
  assert.ok(codes.includes("invalid_grant") && codes.includes("overloaded"));
  for (const code of codes) assert.ok(page.includes(`\`${code}\``), code);
});

test("docs/operate/metrics-and-logs.md has every metric and every audit event", () => {
  const page = read("docs/operate/metrics-and-logs.md");
  const metrics = [...read("issuer/src/metrics.rs").matchAll(/register(?:_with_unit)?\("([a-z_]+)"/g)].map(([, name]) => name);
  const sources = [...sourcesIn(join(root, "issuer/src"))].filter((path) => path.endsWith(".rs")).map((path) => readFileSync(path, "utf8"));
  const writes = /(?:event = |user_changed\(|key_changed\(|keys_changed\()"([a-z_]+)"/g;
  const events = sources.flatMap((source) => [...source.matchAll(writes)].map(([, event]) => event));
  assert.ok(metrics.length > 10 && events.length > 10, `${metrics.length} metrics, ${events.length} events`);
  assert.deepEqual(metrics.filter((name) => !page.includes(`\`hallpass_${name}`)), []);
  assert.deepEqual(events.filter((event) => !page.includes(`\`${event}\``)), []);
});

test("README and ARCHITECTURE stay short", () => {
  assert.ok(read("README.md").trimEnd().split("\n").length <= 150);
  assert.ok(read("ARCHITECTURE.md").split(/\s+/).length <= 2000);
});
