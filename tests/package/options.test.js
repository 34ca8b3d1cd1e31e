/** Options are read strictly: whoever misspells a rule must not believe that it is in force. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier } from "hallpass";

const GOOD = { issuer: "https://auth.example", audience: "api", jwks: { keys: [] } };

function refuses(options, name) {
  assert.throws(() => createVerifier(options), (error) => {
    assert.equal(error.code, "ERR_OPTIONS_INVALID");
    assert.ok(error.message.includes(name), error.message);
    return true;
  });
}

test("good options are accepted", () => {
  createVerifier(GOOD);
  createVerifier({ ...GOOD, leeway: 5, now: () => 0, fetch: globalThis.fetch });
  createVerifier({ ...GOOD, issuer: null, audience: null });
});

test("issuer, audience and keys are required", () => {
  for (const name of ["issuer", "audience", "jwks"]) {
    refuses({ ...GOOD, [name]: undefined }, `\`${name}\``);
    const { [name]: _, ...rest } = GOOD;
    refuses(rest, `\`${name}\``);
  }
  refuses(undefined, "options");
});

test("an option of the wrong kind is named", () => {
  refuses({ ...GOOD, issuer: "" }, "`issuer`");
  refuses({ ...GOOD, issuer: /auth/ }, "`issuer`");
  refuses({ ...GOOD, audience: ["api"] }, "`audience`");
  refuses({ ...GOOD, leeway: "5" }, "`leeway`");
  refuses({ ...GOOD, leeway: -1 }, "`leeway`");
  refuses({ ...GOOD, leeway: NaN }, "`leeway`");
  refuses({ ...GOOD, now: 1_790_000_000 }, "`now`");
  refuses({ ...GOOD, fetch: "fetch" }, "`fetch`");
});

test("an option that this version does not know is refused, not ignored", () => {
  for (const name of ["maxTokenAge", "requiredClaims", "audiences", "clockTolerance"]) {
    refuses({ ...GOOD, [name]: 60 }, `\`${name}\``);
  }
});

test("keys come over https, or from this very machine", () => {
  for (const jwks of ["https://a.example/jwks", "http://localhost:8080/jwks", "http://127.0.0.1/jwks", "http://[::1]:1/jwks"]) {
    createVerifier({ ...GOOD, jwks });
    createVerifier({ ...GOOD, jwks: new URL(jwks) });
  }
  const bad = ["http://a.example/jwks", "http://localhost.a.example/", "ftp://localhost/", "data:,{}", "/jwks", "", "https://u:p@a.example/"];
  for (const jwks of bad) refuses({ ...GOOD, jwks }, "`jwks`");
});
