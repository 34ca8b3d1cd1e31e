/** The options of a session are read strictly. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSession } from "hallpass/client";
import { originOf } from "../../dist/client/origin.js";
import { grant, sessionWith } from "../../../tests/support/session-issuer.js";

const REFUSED = {
  "`issuer`": [{}, { issuer: "https://ada:secret@auth.example" }, { issuer: "tauri://localhost" }, { issuer: "auth.example" }, { issuer: "ftp://auth.example" }, { issuer: "https://auth.example/?x" }],
  "`transport`": [{ issuer: "https://a.example", transport: "header" }],
  "`storage`": [{ issuer: "https://a.example", storage: {} }],
  "`origins`": [{ issuer: "https://a.example", origins: ["https://api.example/"] }, { issuer: "https://a.example", origins: ["api.example"] }, { issuer: "https://a.example", origins: ["tauri://localhost/"] }, { issuer: "https://a.example", origins: ["null"] }],
  "`audience`": [{ issuer: "https://a.example", audience: "api" }],
};

for (const [name, invalid] of Object.entries(REFUSED)) {
  test(`an invalid ${name} is refused by its name`, () => {
    for (const options of invalid) {
      assert.throws(() => createSession(options), (error) => error.code === "ERR_OPTIONS_INVALID" && error.message.includes(name));
    }
  });
}

test("a custom clock is accepted, and storage, channels and locks are not required", async (t) => {
  const session = createSession({ issuer: new URL("https://a.example/auth/"), now: () => 0, fetch: async (url) => (assert.equal(url, "https://a.example/auth/refresh"), new Response("{}", { status: 500 })) });
  t.after(() => session.dispose());
  await assert.rejects(session.getAccessToken(), { code: "ERR_ISSUER_UNREACHABLE" });
});

const ORIGINS = ["tauri://localhost", "capacitor://localhost", "ionic://localhost", "chrome-extension://abcdefghijklmnop",
  "moz-extension://0f5cd0d8-7a2c-4a2a-9d4e-2d1f0f6c1a11", "http://tauri.localhost", "https://api.example:8443", "http://[::1]:8080"];

for (const origin of ORIGINS) {
  test(`${origin} gets the token as one of \`origins\` and as the page's origin`, async (t) => {
    const authorized = async (options, location) => {
      globalThis.location = location;
      const { session, asked } = sessionWith(t, { "/refresh": () => grant("t1"), [`${origin}/notes`]: () => new Response("fine") }, options);
      delete globalThis.location;
      await session.fetch(`${origin}/notes`);
      return asked.at(-1).authorization;
    };
    assert.equal(await authorized({ origins: [origin] }), "Bearer t1");
    assert.equal(await authorized({}, { href: `${origin}/index.html#start` }), "Bearer t1");
    assert.equal(await authorized({}, { href: "about:srcdoc" }), null);
  });
}

test("an origin has one normal form: lower case, without the default port", () => {
  for (const url of ["https://auth.example", "HTTPS://Auth.Example:443/", "https://auth.example:0443?x", "https://auth.example#x"]) {
    assert.equal(originOf(url), "https://auth.example");
  }
  for (const url of ["https://auth.example@evil.example", "https://auth.example\\@evil.example", "//auth.example", "data:text/html,x", "file:///x", "null", ""]) {
    assert.equal(originOf(url), undefined);
  }
});

test("an incomplete `URL`, as in React Native, is sufficient", (t) => {
  const { URL } = globalThis;
  t.after(() => (globalThis.URL = URL));
  globalThis.URL = class {
    get origin() { throw new Error("not implemented"); }
  };
  createSession({ issuer: "https://a.example", fetch: async () => new Response("{}", { status: 500 }) }).dispose();
});
