/** The recipes of docs/npm/client.md, run in a real browser with a real issuer. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../support/browser.js";
import { COOKIES, cookieHeader, cookieValue, login, sleep } from "../support/client.js";
import { examplesOf } from "../support/examples.js";
import { addUser, credentials, run, startIssuer, temporaryFolder } from "../support/issuer.js";
import { freePort } from "../support/port.js";
import { startSite } from "../support/site.js";

const PATIENCE = 60_000;
const EXAMPLE = "https://auth.example.com";

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** Writes the recipes for an issuer at `url` into a separate folder. */
function writeRecipes(t, url, port = "8000") {
  const folder = temporaryFolder(t);
  for (const [name, code] of Object.entries(examplesOf("client.md", `${EXAMPLE}/.well-known/jwks.json`))) {
    writeFileSync(join(folder, name), code.replaceAll("8000", port).replaceAll(EXAMPLE, url));
  }
  return folder;
}

/** Opens a recipe's page, which the test may reload. */
async function openRecipe(t, name) {
  const issuer = await startIssuer();
  const site = await startSite(issuer, (url) => join(writeRecipes(t, url), name));
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  t.after(async () => {
    await context.close();
    site.stop();
    await issuer.stop();
    assert.deepEqual(faults, []);
  });
  await page.goto(site.url);
  return page;
}

test("React: a hook shows the signed-in user", async (t) => {
  const page = await openRecipe(t, "app.jsx");
  await page.getByLabel("User name").fill(credentials.username);
  await page.getByLabel("Password").fill(credentials.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out exampleUser" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign out exampleUser" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});

test("the first example shows the signed-in user", async (t) => {
  const page = await openRecipe(t, "session.js");
  await page.waitForFunction(() => document.title === "signed-out");
});

test("a plain fetch signs in, gets tokens and signs out", async (t) => {
  const page = await openRecipe(t, "plain.js");
  await page.waitForFunction(() => globalThis.plain);
  const results = await page.evaluate(async ({ username, password }) => {
    const { signIn, accessToken, signOut } = globalThis.plain;
    const before = await accessToken();
    const wrong = await signIn(username, "wrong password").catch((error) => error.message);
    await signIn(username, password);
    const token = await accessToken();
    await signOut();
    return { before, wrong, token: typeof token, after: await accessToken() };
  }, credentials);
  assert.deepEqual(results, { before: null, wrong: "invalid_credentials", token: "string", after: null });
});

test("localStorage keeps the session over a reload, until a sign-out", async (t) => {
  const page = await openRecipe(t, "local-storage.js");
  await page.waitForFunction(() => globalThis.session);
  await page.evaluate((user) => globalThis.session.signIn(user), credentials);
  assert.match(await page.evaluate(() => Object.values(localStorage).join()), /hprt_/);
  await page.reload();
  await page.waitForFunction(() => globalThis.session?.user?.username === "exampleUser");
  assert.equal(await page.evaluate(() => globalThis.session.signOut()), "ended");
  assert.doesNotMatch(await page.evaluate(() => Object.values(localStorage).join()), /hprt_/);
});

/** Runs the recipe's server with an issuer; returns a function that requests a page with cookies. */
async function startRecipeServer(t, issuer) {
  const port = String(await freePort());
  const folder = writeRecipes(t, issuer.url.replace("127.0.0.1", "localhost"), port);
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  const server = spawn(process.execPath, ["server.mjs"], { cwd: folder, stdio: "inherit" });
  t.after(() => server.kill());
  const render = (cookie) => fetch(`http://127.0.0.1:${port}/`, { headers: cookie === undefined ? {} : { cookie } });
  for (let tries = 0; !(await render().then(() => true, () => false)); tries += 1) {
    assert.ok(tries < 600 && server.exitCode === null, "the server does not answer");
    await sleep(50);
  }
  return render;
}

/** Requests a page until the server knows the user: a token that expires while a busy machine pauses is a 503, try again. */
async function known(render, cookie) {
  for (const end = Date.now() + PATIENCE; ; await sleep(100)) {
    const response = await render(cookie);
    if (response.status !== 503 || Date.now() > end) return response;
  }
}

test("a server renders with the cookies, and renews a missing or expired token", async (t) => {
  const issuer = await startIssuer({ args: ["--dev", "--access-ttl", "3s"] });
  t.after(() => issuer.stop());
  const render = await startRecipeServer(t, issuer);
  assert.match(await (await render()).text(), /Nobody is signed in/);
  const cookie = cookieHeader(await login(issuer));
  await sleep(3_100);
  const renewed = await known(render, cookie);
  assert.match(await renewed.text(), /Hello exampleUser/);
  const next = cookieHeader(renewed);
  assert.match(next, /hallpass_access=ey.*hallpass_refresh=hprt_/);
  assert.match(await (await known(render, next)).text(), /Hello exampleUser/);
  const refresh = `${COOKIES.refresh}=${cookieValue(next, COOKIES.refresh)}`;
  assert.match(await (await known(render, refresh)).text(), /Hello exampleUser/);
  assert.match(await (await render(`\u00a0${refresh}`)).text(), /Nobody is signed in/);
  await fetch(`${issuer.url}/logout`, { method: "POST", headers: { cookie: next } });
  await sleep(3_100);
  assert.match(await (await render(next)).text(), /Nobody is signed in/);
});

test("a server renews a token whose key was revoked", async (t) => {
  const store = temporaryFolder(t);
  addUser(store);
  const issuer = await startIssuer({ args: ["--store", `sled:${store}`, "--key-ring-lag", "1s", "--key-set-max-age", "2s"] });
  t.after(() => issuer.stop());
  const cookie = cookieHeader(await login(issuer));
  const { kid } = JSON.parse(Buffer.from(cookieValue(cookie, COOKIES.access).split(".")[0], "base64url"));
  const { status, stderr } = run(["keys", "revoke", kid, "--store", `sled:${store}`]);
  assert.equal(status, 0, stderr);
  const published = async () => (await (await fetch(`${issuer.url}/.well-known/jwks.json`)).json()).keys.map((key) => key.kid);
  while ((await published()).includes(kid)) await sleep(100);
  const render = await startRecipeServer(t, issuer);
  const renewed = await render(cookie);
  assert.match(await renewed.text(), /Hello exampleUser/);
  assert.match(cookieHeader(renewed), /hallpass_access=ey/);
});

test("a server responds 503 while the issuer is unreachable, and renders no user as signed out", async (t) => {
  const issuer = await startIssuer({ args: ["--dev", "--access-ttl", "1s"] });
  const render = await startRecipeServer(t, issuer);
  const cookie = cookieHeader(await login(issuer));
  await issuer.stop();
  const before = await render(cookie);
  assert.deepEqual([before.status, before.headers.get("retry-after")], [503, "5"]);
  await sleep(1_100);
  for (const asked of [cookie, cookie.split("; ")[1]]) assert.equal((await render(asked)).status, 503);
  assert.equal((await render()).status, 200);
});
