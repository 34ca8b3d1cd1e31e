/** No page of another origin may act for a user (`Sec-Fetch-Site`, then `Origin`). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { logged, login } from "../support/client.js";
import { addUser, issuerFor, temporaryFolder } from "../support/issuer.js";

// Raw requests, since fetch does not let a script set these headers.
import { request } from "node:http";

function send(issuer, path, { method = "POST", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(`${issuer.url}${path}`, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on("error", reject).end(body);
  });
}

const allowed = "https://app.example.com";
const json = { "content-type": "application/json" };
const body = JSON.stringify({ username: "exampleUser", password: "examplePassword" });

test("a page of another origin can neither sign in, renew nor sign out for a user", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--allowed-origin", allowed] });
  const foreign = [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `${allowed}.evil.example` },
    { origin: `http://127.0.0.1:${issuer.port}`, host: `127.0.0.1:${issuer.port}` },
    { origin: "https://evil.example", host: "evil.example" },
  ];
  for (const headers of foreign) {
    for (const path of ["/login", "/refresh", "/logout", "/nothing"]) {
      const answer = await send(issuer, path, { headers: { ...json, ...headers }, body });
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.equal(JSON.parse(answer.text).error, "csrf_rejected");
      assert.equal(answer.headers["set-cookie"], undefined);
    }
  }
});

test("the issuer's own pages, allowed pages and clients other than browsers are admitted", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--allowed-origin", allowed] });
  const welcome = [
    {},
    { "sec-fetch-site": "same-origin", origin: "https://behind-a-proxy.example" },
    { "sec-fetch-site": "none" },
    { origin: `http://localhost:${issuer.port}` },
    { "sec-fetch-site": "cross-site", origin: allowed },
  ];
  for (const headers of welcome) {
    const answer = await send(issuer, "/login", { headers: { ...json, ...headers }, body });
    assert.equal(answer.status, 200, JSON.stringify(headers));
  }
});

test("without --issuer, a page over TLS gets no cookie without Secure, and the error names the missing option", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const [forgotten, deliberate] = await Promise.all([
    issuerFor(t, { args: ["--store", `sled:${folder}`, "--allowed-origin", allowed] }),
    issuerFor(t, { args: ["--dev", "--issuer", allowed] }),
  ]);
  const headers = { ...json, "sec-fetch-site": "same-origin", origin: allowed };
  for (const [path, site] of [["/login", "same-origin"], ["/refresh", "same-origin"], ["/login", "same-site"]]) {
    const asked = { headers: { ...headers, "sec-fetch-site": site }, body };
    const { status, text, headers: { "set-cookie": cookies } } = await send(forgotten, path, asked);
    const { error_description, request_id } = JSON.parse(text);
    assert.deepEqual([status, cookies], [403, undefined]);
    assert.match(error_description, /--issuer/);
    const [line] = await logged(forgotten, new RegExp(`.* id="${request_id}".*`));
    assert.ok(line.includes(`${allowed} uses TLS: set --issuer`), line);
  }
  const { "set-cookie": cookies } = (await send(deliberate, "/login", { headers, body })).headers;
  for (const cookie of cookies) assert.match(cookie, /^__Host-.*; Secure/);
  for (const origin of ["http://192.168.1.5:5173", "https://localhost:5173"]) {
    const { status } = await send(forgotten, "/login", { headers: { ...headers, origin }, body });
    assert.equal(status, 200, origin);
  }
});

test("a GET of another origin succeeds, but its scripts cannot read the response", async (t) => {
  const issuer = await issuerFor(t);
  const answer = await send(issuer, "/healthz", { method: "GET", headers: { "sec-fetch-site": "cross-site" } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
});

/** The origins of apps and browser extensions. */
const APPS = [
  "tauri://localhost",
  "capacitor://localhost",
  "ionic://localhost",
  "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
  "moz-extension://0f5cd0d8-7a2c-4a2a-9d4e-2d1f0f6c1a11",
  "http://tauri.localhost",
  "app://a.example:81",
];

test("pages of apps and extensions are allowed by their exact origin", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", ...APPS.flatMap((origin) => ["--allowed-origin", origin])] });
  const asked = { "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
  for (const origin of APPS) {
    const preflight = await send(issuer, "/login", { method: "OPTIONS", headers: { origin, ...asked } });
    assert.deepEqual([preflight.status, preflight.headers["access-control-allow-origin"]], [200, origin]);
    const answer = await send(issuer, "/login", { headers: { ...json, origin, "sec-fetch-site": "cross-site" }, body });
    assert.deepEqual([answer.status, answer.headers["access-control-allow-origin"]], [200, origin]);
  }
  for (const origin of ["null", "tauri://LOCALHOST", "tauri://localhost:80", "tauri://localhost/", "capacitor://localhost.evil.example", "moz-extension://other", "localhost", "://localhost"]) {
    assert.equal((await send(issuer, "/login", { headers: { ...json, origin }, body })).status, 403, origin);
    const preflight = await send(issuer, "/login", { method: "OPTIONS", headers: { origin, ...asked } });
    assert.equal(preflight.headers["access-control-allow-origin"], undefined, origin);
  }
});

test("a preflight of an allowed origin gets the requested headers, and another origin gets none", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--allowed-origin", allowed] });
  const preflight = (origin, names) =>
    send(issuer, "/login", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", ...(names && { "access-control-request-headers": names }) },
    });
  for (const names of ["baggage,content-type,sentry-trace,traceparent", "x-datadog-origin", "authorization, content-type"]) {
    const { status, headers } = await preflight(allowed, names);
    assert.deepEqual([status, headers["access-control-allow-headers"]], [200, names]);
    assert.match(headers.vary.toLowerCase(), /origin.*access-control-request-headers/);
    assert.equal(headers["access-control-max-age"], "600");
    assert.match(headers["x-request-id"], /./);
  }
  assert.equal((await preflight(allowed)).headers["access-control-allow-headers"], undefined);
  const refused = await preflight("https://evil.example", "traceparent");
  assert.deepEqual(Object.keys(refused.headers).filter((name) => name.startsWith("access-control-")), []);
  // What is cached for all says that it differs by origin.
  const keys = await send(issuer, "/.well-known/jwks.json", { method: "GET", headers: { origin: allowed } });
  assert.equal(keys.headers["access-control-allow-origin"], allowed);
  assert.match(keys.headers.vary.toLowerCase(), /origin/);
});

test("the log names the option that would admit the refused page", async (t) => {
  const issuer = await issuerFor(t);
  const asked = { "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
  for (const origin of ["https://app.example.com", "tauri://localhost", "http://localhost:5173"]) {
    const preflight = await send(issuer, "/login", { method: "OPTIONS", headers: { origin, ...asked } });
    const sent = await send(issuer, "/login", { headers: { ...json, origin }, body });
    for (const { status, text } of [preflight, sent]) {
      assert.equal(status, 403);
      const { error, error_description, request_id } = JSON.parse(text);
      assert.equal(error, "csrf_rejected");
      assert.ok(error_description.includes("--allowed-origin"));
      const [line] = await logged(issuer, new RegExp(`.* id="${request_id}".*`));
      assert.ok(line.includes(`--allowed-origin ${origin}`), line);
    }
  }
  // No option admits these, and the line does not say that one would.
  for (const origin of ["null", "https://a.example/path", `https://${"a".repeat(5000)}.example`, 'https://x"\u0085']) {
    const { text } = await send(issuer, "/login", { headers: { ...json, origin }, body });
    const [line] = await logged(issuer, new RegExp(`.* id="${JSON.parse(text).request_id}".*`));
    assert.doesNotMatch(line, /--allowed-origin /);
    assert.ok(line.length < 500, line);
  }
});

test("CORS headers are sent to exactly the allowed origins", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--allowed-origin", `${allowed},http://localhost:5173`] });
  const preflight = (origin) =>
    send(issuer, "/login", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
    });
  for (const origin of [allowed, "http://localhost:5173"]) {
    const { status, headers } = await preflight(origin);
    assert.equal(status, 200);
    assert.equal(headers["access-control-allow-origin"], origin);
    assert.equal(headers["access-control-allow-credentials"], "true");
    assert.match(headers["access-control-allow-methods"], /POST/);
    assert.match(headers.vary.toLowerCase(), /origin/);
    const answer = await send(issuer, "/login", { headers: { ...json, origin }, body });
    assert.equal(answer.headers["access-control-allow-origin"], origin);
  }
  for (const origin of ["https://evil.example", "null", `${allowed}.evil.example`]) {
    assert.equal((await preflight(origin)).headers["access-control-allow-origin"], undefined);
  }
  assert.equal((await login(issuer)).headers.get("access-control-allow-origin"), null);
});
