/** No foreign page may act for a user (DESIGN: `Sec-Fetch-Site`, then `Origin`). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { login } from "../support/client.js";
import { issuerFor } from "../support/issuer.js";

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

test("a page of a foreign origin can neither sign in nor renew nor sign out for a user", async (t) => {
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

test("the issuer's own pages, allowed pages and clients that are no browsers pass", async (t) => {
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

test("a foreign page may read: the answer is closed to its scripts", async (t) => {
  const issuer = await issuerFor(t);
  const answer = await send(issuer, "/healthz", { method: "GET", headers: { "sec-fetch-site": "cross-site" } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
});

test("CORS answers exactly the allowed origins", async (t) => {
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
