/** The options of a session, read strictly. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSession } from "hallpass/client";

const REFUSED = {
  "`issuer`": [{}, { issuer: "auth.example" }, { issuer: "ftp://auth.example" }, { issuer: "https://auth.example/?x" }],
  "`transport`": [{ issuer: "https://a.example", transport: "header" }],
  "`storage`": [{ issuer: "https://a.example", storage: {} }],
  "`origins`": [{ issuer: "https://a.example", origins: ["https://api.example/"] }, { issuer: "https://a.example", origins: ["api.example"] }],
  "`audience`": [{ issuer: "https://a.example", audience: "api" }],
};

for (const [name, given] of Object.entries(REFUSED)) {
  test(`${name} is refused where it is wrong`, () => {
    for (const options of given) {
      assert.throws(() => createSession(options), (error) => error.code === "ERR_OPTIONS_INVALID" && error.message.includes(name));
    }
  });
}

test("the clock may be given, and a page without storage, channels or locks will do", async (t) => {
  const session = createSession({ issuer: new URL("https://a.example/auth/"), now: () => 0, fetch: async (url) => (assert.equal(url, "https://a.example/auth/refresh"), new Response("{}", { status: 500 })) });
  t.after(() => session.dispose());
  await assert.rejects(session.getAccessToken(), { code: "ERR_ISSUER_UNREACHABLE" });
});
