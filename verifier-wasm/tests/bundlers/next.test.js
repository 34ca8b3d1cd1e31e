/** Next.js builds the packed package into pages, handlers of both runtimes, and a proxy or middleware, without configuration. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../../../tests/support/browser.js";
import { EXAMPLE_ISSUER, examplesOf } from "../../../tests/support/examples.js";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { freePort } from "../../../tests/support/port.js";
import { checkInPage, EXPECTED, installProject, makeGiven, sizeOf } from "./project.js";

const next = fileURLToPath(new URL("node_modules/next/dist/bin/next", import.meta.url));
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };

/** Maximum milliseconds until a server responds. */
const PATIENCE = 60_000;

/** Both bundlers of Next.js. By webpack, 16.4 cannot build any handler for the edge runtime: there the middleware is what runs in it. */
const BUILDS = [
  { bundler: "Turbopack", flags: [], before: "proxy.js", runtimes: ["node", "edge"] },
  { bundler: "webpack", flags: ["--webpack"], before: "middleware.js", runtimes: ["node"] },
];

for (const { bundler, flags, before, runtimes } of BUILDS) {
  test(`pages, handlers and a ${before} built by Next.js with ${bundler} verify tokens`, async (t) => {
    const keyServer = await startKeyServer(publish());
    t.after(() => keyServer.stop());
    const issuer = await startCountingIssuer(t);
    const folder = installProject("next", `next-${bundler}`);
    writeExamples(folder, keyServer.url, before, issuer.url);
    for (const name of runtimes.includes("edge") ? [] : ["edge", "slim"]) rmSync(join(folder, "app/api", name), { recursive: true });
    execFileSync(process.execPath, [next, "build", ...flags], { cwd: folder, env, stdio: "pipe" });
    t.diagnostic(`scripts of all pages, with React: ${sizeOf(join(folder, ".next/static"))}`);
    assert.equal(hasEdgeMiddleware(folder), before === "middleware.js");
    const url = await start(t, folder);
    // Only now: a build may take minutes on a busy machine, longer than the token is valid.
    const given = await makeGiven();

    assert.deepEqual(await checkInPage(`${url}/check`, given), EXPECTED);
    for (const runtime of runtimes) {
      const response = await fetch(`${url}/api/${runtime}`, { method: "POST", body: JSON.stringify(given) });
      assert.deepEqual(await response.json(), EXPECTED, runtime);
    }
    await testSession(`${url}/account`, issuer);
    const tokens = await tokensFor(keyServer);
    await testExample(`${url}/api/private`, tokens);
    if (runtimes.includes("edge")) await testExample(`${url}/api/slim`, tokens);
  });
}

/** The page of the documentation, as files of the project, and the handler of another page. The session has an issuer at `issuer`. */
function writeExamples(folder, jwks, before, issuer) {
  const slim = "app/api/slim/route.js";
  const examples = { ...examplesOf("nextjs.md", jwks), [slim]: examplesOf("slim.md", jwks)[slim] };
  for (const [name, code] of Object.entries(examples)) {
    const path = join(folder, name === "proxy.js" ? before : name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, name === "app/session.js" ? code.replace(EXAMPLE_ISSUER, issuer) : code);
  }
}

/** An issuer that knows no session, for pages of any origin; `requests()` is how often it was asked. */
async function startCountingIssuer(t) {
  let requests = 0;
  const server = createHttpServer(({ headers: { origin = "null" }, method }, response) => {
    requests += method === "OPTIONS" ? 0 : 1;
    response.setHeader("access-control-allow-origin", origin).setHeader("access-control-allow-credentials", "true");
    response.setHeader("access-control-allow-headers", "content-type").setHeader("content-type", "application/json");
    response.writeHead(method === "OPTIONS" ? 204 : 400).end(JSON.stringify({ error: "invalid_grant", error_description: "no session" }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => (server.close(), server.closeAllConnections()));
  return { url: `http://localhost:${server.address().port}`, requests: () => requests };
}

/** The build and the server send the issuer no request; the browser hydrates their output without errors, and sends one. */
async function testSession(url, issuer) {
  assert.match(await (await fetch(url)).text(), /One moment/);
  assert.equal(issuer.requests(), 0);
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const faults = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    await page.goto(url.replace("127.0.0.1", "localhost"));
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    assert.deepEqual([faults, issuer.requests()], [[], 1]);
  } finally {
    await browser.close();
  }
}

/** Whether the proxy or middleware was built for the edge runtime. */
function hasEdgeMiddleware(folder) {
  const { middleware } = JSON.parse(readFileSync(join(folder, ".next/server/middleware-manifest.json"), "utf8"));
  return Object.keys(middleware).length > 0;
}

/** Tokens of the issuer that the documentation trusts, whose keys are served from now on. */
async function tokensFor(keyServer) {
  const { jwks, ...tokens } = await makeGiven(EXAMPLE_ISSUER);
  keyServer.answer = publish(...jwks.keys);
  return tokens;
}

async function testExample(url, { token, expired }) {
  const ask = (token) => fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  const good = await ask(token);
  assert.deepEqual([good.status, await good.json()], [200, { hello: "exampleUser" }]);
  const bad = await ask(expired);
  assert.deepEqual([bad.status, await bad.json()], [401, { error: "ERR_TOKEN_EXPIRED" }]);
  assert.equal((await ask(undefined)).status, 401);
}

async function start(t, folder) {
  const port = String(await freePort());
  const server = spawn(process.execPath, [next, "start", "--port", port, "--hostname", "127.0.0.1"], { cwd: folder, env, stdio: "ignore" });
  const ended = once(server, "exit");
  t.after(async () => {
    server.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + PATIENCE;
  while (!(await answers(url))) {
    assert.ok(Date.now() < deadline, "next start did not answer");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return url;
}

async function answers(url) {
  return fetch(url).then(() => true, () => false);
}
