/** The package reads cookies by the same vectors as the issuer. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cookieNames, createVerifier, readCookie } from "hallpass";
import { authenticate } from "hallpass/express";

const vectors = JSON.parse(readFileSync(new URL("../../../tests/vectors/http/cookies.json", import.meta.url), "utf8"));

/** The two forms in which programs get a header: a character per byte (Node, Fetch), or UTF-8. Several are joined (RFC 9113 §8.2.3). */
const spellings = (cookie) => {
  const header = cookie.join("; ");
  return [header, Buffer.from(header, "latin1").toString("utf8")];
};

test("readCookie agrees with the shared vectors; a repeated cookie has no value", () => {
  assert.ok(vectors.length > 100);
  for (const { name, cookie, wanted, values } of vectors) {
    for (const header of spellings(cookie)) {
      assert.equal(readCookie(header, wanted), values.length === 1 ? values[0] : undefined, name);
    }
  }
});

test("the adapters agree with the shared vectors: no cookie is 401, two are 400, one is verified", async () => {
  const verifier = createVerifier({ issuer: null, audience: null, jwks: { keys: [] } });
  for (const { name, cookie, wanted, values } of vectors) {
    const expected = [["Bearer", 401], ['Bearer error="invalid_token"', 401], ['Bearer error="invalid_request"', 400]][Math.min(values.length, 2)];
    for (const header of spellings(cookie)) {
      const answer = {};
      const response = {
        setHeader: (name, value) => name === "www-authenticate" && (answer.challenge = value),
        end: () => {},
      };
      await authenticate(verifier, { cookie: wanted })({ headers: { cookie: header } }, response, (error) => assert.fail(error));
      assert.deepEqual([answer.challenge, response.statusCode], expected, name);
    }
  }
});

test("an issuer's cookies have the prefix, except on plain HTTP on a loopback host", () => {
  for (const issuer of ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080", "http://localhost/auth", "http://LOCALHOST:1"]) {
    assert.deepEqual(cookieNames(issuer), { access: "hallpass_access", refresh: "hallpass_refresh" }, issuer);
  }
  const others = ["https://auth.example.com", "https://localhost:8080", "http://localhost.example.com", "http://localhost:8080.example.com",
    "http://auth.example.com", "http://localhost@example.com", "https://a.example/?http://localhost", ""];
  for (const issuer of others) {
    assert.deepEqual(cookieNames(issuer), { access: "__Host-hallpass_access", refresh: "__Host-hallpass_refresh" }, issuer);
  }
});

test("a request without the header has no cookie", () => {
  for (const header of [undefined, null, ""]) assert.equal(readCookie(header, "__Host-hallpass_access"), undefined);
});

test("a malicious header of 64 KB is read in linear time", () => {
  for (const part of ["a=b ", " ", "\t", "=", "a", ";"]) {
    const header = `${part.repeat(65_536 / part.length)}\u00a0; __Host-hallpass_access=x`;
    assert.equal(readCookie(header, "__Host-hallpass_access"), "x", part);
  }
});

test("the cookies of an issuer below localhost have no prefix, and a host that only looks local does not count", () => {
  const plain = { access: "hallpass_access", refresh: "hallpass_refresh" };
  for (const issuer of ["http://auth.localhost:8080", "http://a.b.LOCALHOST"]) assert.deepEqual(cookieNames(issuer), plain);
  for (const issuer of ["http://notlocalhost", "http://localhost.example", "http://a/.localhost", "https://auth.localhost"]) {
    assert.equal(cookieNames(issuer).access, "__Host-hallpass_access");
  }
});
