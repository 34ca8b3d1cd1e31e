/**
 * A sibling host sets cookies in Chromium that resemble the issuer's. The browser applies the rules of `__Host-` to exactly this
 * prefix, so the issuer must accept exactly this prefix.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "../support/browser.js";
import { cookieHeader, cookieValue, logged, login } from "../support/client.js";
import { addUser, temporaryFolder } from "../support/issuer.js";
import { CHROMIUM_ARGS, startSiblingHosts } from "../support/sibling-hosts.js";

const OWNER = { username: "owner", password: "correct-horse-battery" };
const ATTACKER = { username: "attacker", password: "staple-battery-horse" };
const NAMES = ["__Host-hallpass_access", "__Host-hallpass_refresh", "__Host-hallpass_device"];

/** Characters that some programs treat as whitespace, and invisible ones. */
const CHARACTERS = [0x09, 0x0b, 0x0c, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0xad, 0x1680, 0x180e, ...range(0x2000, 0x200f), 0x2028,
  0x2029, 0x202f, 0x205f, 0x2060, 0x3000, 0xfeff];

/** All bytes that may precede a name. */
const BYTES = [0x01, 0x08, 0x0b, 0x0c, 0x1f, 0x7f, 0x85, 0xa0, 0xad, 0xff];

/** The forms in which a sibling sets the cookie `name=value`, as text with one byte per character. */
const FORMS = [
  ...CHARACTERS.map((code) => [`U+${hex(code, 4)} before`, (pair) => utf8(code) + pair]),
  ...CHARACTERS.map((code) => [`nameless, U+${hex(code, 4)}`, (pair) => `=${utf8(code)}${pair}`]),
  ...BYTES.map((byte) => [`byte ${hex(byte, 2)} before`, (pair) => String.fromCharCode(byte) + pair]),
  ["the name itself", (pair) => pair],
  ["nameless", (pair) => `=${pair}`],
  ["nameless, twice", (pair) => `==${pair}`],
  ["in lower case", (pair) => pair.replace("__Host-", "__host-")],
  ["quoted", (pair) => pair.replace("=", '="') + '"'],
  ["quotes around", (pair) => `"${pair}"`],
  ["quotes that open before", (pair) => `a="x, ${pair}"`],
  ["a comma before", (pair) => `a=b, ${pair}`],
  ["a comma alone before", (pair) => `,${pair}`],
];

let browser;

before(async () => {
  browser = await startBrowser(CHROMIUM_ARGS);
});

after(() => browser?.close());

/** The two hosts, the attacker's own tokens, and a new profile whose `page` is on the issuer's host. */
async function visitorOf(t) {
  const folder = temporaryFolder(t);
  for (const user of [OWNER, ATTACKER]) addUser(folder, user);
  const site = await startSiblingHosts(t, folder);
  const tokens = cookieHeader(await login(site.issuer, ATTACKER));
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  t.after(() => context.close());
  const page = await context.newPage();
  const other = await context.newPage();
  await page.goto(site.own);
  /** The sibling's page sets the attacker's tokens in these forms. */
  const plant = async (...forms) => {
    const pairs = NAMES.map((name) => `${name}=${cookieValue(tokens, name)}`);
    site.plant(forms.flatMap((form) => pairs.map((pair) => `${form(pair)}; Domain=example.test; Path=/; Secure`)));
    await other.goto(site.sibling);
  };
  return { site, context, page, plant };
}

/** The issuer's response to the page: `[status, username]`. */
function ask(page, method, path, body) {
  return page.evaluate(async ([method, path, body]) => {
    const json = body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(path, { method, ...json });
    const text = await answer.text();
    return [answer.status, text && JSON.parse(text).user?.username];
  }, [method, path, body]);
}

test("no cookie of a sibling host signs a user in to the attacker's session", async (t) => {
  const { site, context, page, plant } = await visitorOf(t);
  const sent = [];
  const accepted = [];
  for (const [name, form] of FORMS) {
    await context.clearCookies();
    await plant(form);
    const answers = [await ask(page, "GET", "/me"), await ask(page, "POST", "/refresh")];
    if (site.received() !== "") sent.push(name);
    if (answers.some(([status]) => status === 200)) accepted.push(name);
  }
  t.diagnostic(`Chromium sent: ${sent.join("; ")}`);
  assert.deepEqual(accepted, []);
  // The browser must send some of them, or the test would prove nothing.
  for (const name of ["U+2000 before", "U+00A0 before", "U+FEFF before", "byte A0 before"]) assert.ok(sent.includes(name), name);
});

test("no cookie of a sibling host locks a user out, or makes the user's device unknown", async (t) => {
  const { site, page, plant } = await visitorOf(t);
  assert.deepEqual(await ask(page, "POST", "/login", OWNER), [200, "owner"]);
  await plant(...[0x2000, 0xa0, 0xfeff].map((code) => (pair) => utf8(code) + pair), (pair) => `\xa0${pair}`);
  assert.deepEqual(await ask(page, "GET", "/me"), [200, "owner"]);
  assert.ok(site.received().includes(`${utf8(0x2000)}${NAMES[1]}=`), site.received());
  assert.deepEqual(await ask(page, "POST", "/refresh"), [200, "owner"]);
  assert.deepEqual(await ask(page, "POST", "/login", OWNER), [200, "owner"]);
  await logged(site.issuer, /session_began[^]*session_began.* device="?known/);
  assert.equal((await ask(page, "POST", "/logout"))[0], 204);
  assert.equal((await ask(page, "GET", "/me"))[0], 401);
});

/** The UTF-8 bytes of a character, each as one character. */
function utf8(code) {
  return Buffer.from(String.fromCodePoint(code)).toString("latin1");
}

function hex(code, digits) {
  return code.toString(16).toUpperCase().padStart(digits, "0");
}

function range(from, to) {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
