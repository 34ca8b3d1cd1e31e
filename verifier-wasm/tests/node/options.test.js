/** Options are read strictly: a misspelled rule is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { createVerifier } from "hallpass";

const GOOD = { issuer: "https://auth.example", audience: "api", jwks: { keys: [] } };

function refuses(options, name) {
  assert.throws(() => createVerifier(options), (error) => {
    assert.equal(error.code, "ERR_OPTIONS_INVALID");
    assert.ok(error.message.includes(name), error.message);
    return true;
  });
}

test("valid options are accepted", () => {
  createVerifier(GOOD);
  createVerifier({ ...GOOD, leeway: 5, now: () => 0, fetch: globalThis.fetch });
  createVerifier({ ...GOOD, issuer: null, audience: null });
  createVerifier({ ...GOOD, audience: ["api", "web"], maxTokenAge: 60, requiredClaims: ["sid"], typ: ["at+jwt", "jwt"] });
  createVerifier({ ...GOOD, typ: null });
  createVerifier({ ...GOOD, maxStale: 0, waitUntil: () => {}, snapshot: null });
  createVerifier({ ...GOOD, snapshot: {}, schema: { "~standard": { version: 1, vendor: "mine", validate: (value) => ({ value }) } } });
  createVerifier({ issuer: null, audience: null, secret: new Uint8Array(32) });
  createVerifier({ audience: "api", issuers: [{ issuer: "https://a.example", jwks: { keys: [] } }] });
});

test("each of several issuers has its own name and keys", () => {
  const one = { issuer: "https://a.example", jwks: { keys: [] } };
  const other = { issuer: "https://b.example", secret: new Uint8Array(32) };
  createVerifier({ audience: "api", issuers: [one, other] });
  for (const issuers of [[], {}, [one, one], [one, { ...other, issuer: null }]]) {
    refuses({ audience: "api", issuers }, "`issuers`");
  }
  refuses({ audience: "api", issuers: [{ ...one, audience: "api" }] }, "`audience`");
  refuses({ ...GOOD, issuers: [other] }, "use either `issuers`");
});

test("exactly one of a key set and a secret is accepted", () => {
  const { jwks, ...rest } = GOOD;
  refuses({ ...GOOD, discovery: true }, "use either `jwks` or `discovery: true`");
  refuses({ ...rest, discovery: false }, "one of `jwks`, `secret` and `discovery: true` is required");
  refuses({ ...GOOD, secretAlg: "HS256" }, "`secretAlg` is the algorithm of a `secret`");
  for (const secretAlg of ["HS1", "hs256", "RS256", "", null, 256]) refuses({ ...GOOD, secret: new Uint8Array(64), secretAlg }, '`secretAlg` must be "HS256"');
  refuses({ ...rest, secret: "a text" }, "`secret`");
  refuses({ ...rest, jwks: { keys: [1n] } }, "`jwks`");
  refuses({ ...rest, jwks: { keys: [], toJSON: () => undefined } }, "`jwks`");
});

test("issuer, audience and keys are required", () => {
  for (const name of ["issuer", "audience", "jwks"]) {
    refuses({ ...GOOD, [name]: undefined }, `\`${name}\``);
    const { [name]: _, ...rest } = GOOD;
    refuses(rest, `\`${name}\``);
  }
  refuses(undefined, "options");
});

test("an option of the wrong type is refused by its name", () => {
  refuses({ ...GOOD, issuer: "" }, "`issuer`");
  refuses({ ...GOOD, issuer: /auth/ }, "`issuer`");
  refuses({ ...GOOD, audience: [] }, "`audience`");
  refuses({ ...GOOD, audience: ["api", 7] }, "`audience`");
  refuses({ ...GOOD, audience: [, "api"] }, "`audience`");
  refuses({ ...GOOD, typ: new Array(2) }, "`typ`");
  refuses({ ...GOOD, requiredClaims: new Array(2) }, "`requiredClaims`");
  refuses({ ...GOOD, audience: "\ud800" }, "`audience`");
  refuses({ ...GOOD, issuer: "\udc00" }, "`issuer`");
  refuses({ ...GOOD, fetch: null }, "`fetch`");
  refuses({ ...GOOD, maxTokenAge: 0 }, "`maxTokenAge`");
  refuses({ ...GOOD, maxTokenBytes: 65_537 }, "`maxTokenBytes`");
  refuses({ ...GOOD, maxTokenAge: "60" }, "`maxTokenAge`");
  refuses({ ...GOOD, requiredClaims: "sid" }, "`requiredClaims`");
  refuses({ ...GOOD, typ: 7 }, "`typ`");
  refuses({ ...GOOD, leeway: "5" }, "`leeway`");
  refuses({ ...GOOD, leeway: -1 }, "`leeway`");
  refuses({ ...GOOD, leeway: NaN }, "`leeway`");
  refuses({ ...GOOD, now: 1_790_000_000 }, "`now`");
  refuses({ ...GOOD, fetch: "fetch" }, "`fetch`");
  refuses({ ...GOOD, maxStale: -1 }, "`maxStale`");
  refuses({ ...GOOD, maxStale: Infinity }, "`maxStale`");
  refuses({ ...GOOD, waitUntil: {} }, "`waitUntil`");
  refuses({ ...GOOD, snapshot: "{}" }, "`snapshot`");
  for (const schema of [null, {}, "object", { "~standard": {} }, () => true]) refuses({ ...GOOD, schema }, "`schema`");
});

test("an unknown option is refused", () => {
  for (const name of ["algorithms", "requiredClaim", "audiences", "clockTolerance"]) {
    refuses({ ...GOOD, [name]: 60 }, `\`${name}\``);
  }
});

test("the URL of keys is https:, or http: on a loopback host", () => {
  for (const jwks of ["https://a.example/jwks", "http://localhost:8080/jwks", "http://127.0.0.1/jwks", "http://[::1]:1/jwks", "http://auth.localhost/jwks", "http://a.B.LOCALHOST:1/jwks"]) {
    createVerifier({ ...GOOD, jwks });
    createVerifier({ ...GOOD, jwks: new URL(jwks) });
  }
  const bad = ["http://a.example/jwks", "http://localhost.a.example/", "http://notlocalhost/", "http://.localhost.example/", "ftp://localhost/", "data:,{}", "/jwks", "", "https://u:p@a.example/"];
  for (const jwks of bad) refuses({ ...GOOD, jwks }, "`jwks`");
  createVerifier({ ...GOOD, jwks: "http://keys.cluster.internal/jwks", allowInsecureJwks: true });
  refuses({ ...GOOD, jwks: "ftp://a.example/jwks", allowInsecureJwks: true }, "`jwks`");
  refuses({ ...GOOD, allowInsecureJwks: "true" }, "`allowInsecureJwks`");
});

test("with discovery, the issuer is a URL without query", () => {
  for (const issuer of ["https://a.example", "https://a.example/tenant/", "http://auth.localhost:8080"]) {
    createVerifier({ issuer, audience: "api", discovery: true });
  }
  for (const issuer of [null, "a.example", "http://a.example", "https://a.example?x", "https://a.example/#", "https://u@a.example"]) {
    refuses({ issuer, audience: "api", discovery: true }, "with `discovery`, `issuer`");
  }
  createVerifier({ issuer: "http://a.example", audience: "api", discovery: true, allowInsecureJwks: true });
  refuses({ issuer: "https://a.example", audience: "api", discovery: "yes" }, "`discovery`");
});

test("a secret is a Uint8Array or Buffer of any realm", () => {
  const { jwks, ...rest } = GOOD;
  for (const code of ["new Uint8Array(32)", "Object.setPrototypeOf(new Uint8Array(32), class Buffer extends Uint8Array {}.prototype)"]) {
    createVerifier({ ...rest, secret: runInNewContext(code) });
  }
  createVerifier({ ...rest, secret: Buffer.alloc(32) });
  for (const secret of ["x".repeat(32), new ArrayBuffer(32), new DataView(new ArrayBuffer(32)), new Uint16Array(32), { [Symbol.toStringTag]: "Uint8Array" }]) {
    refuses({ ...rest, secret }, "`secret`");
  }
});

test("a verifier needs no URL.canParse (Chrome before 120, Safari before 17)", (t) => {
  const { canParse } = URL;
  delete URL.canParse;
  t.after(() => (URL.canParse = canParse));
  createVerifier({ ...GOOD, jwks: "https://a.example/jwks" });
  createVerifier({ issuer: "https://a.example", audience: "api", discovery: true });
});
