/** The page "Coming from …": every block runs, each pair returns the same claims, and every line of the error tables is correct. */

import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { after, test } from "node:test";
import { createVerifier } from "hallpass";
import { createLocalJWKSet, jwtVerify } from "jose";
import jwt from "jsonwebtoken";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { packPackage } from "../../../tests/support/packed.js";
import { freshKey, withOneCharacterChanged } from "../../../tests/support/tokens.js";

const page = readFileSync(new URL("../../../docs/npm/coming-from.md", import.meta.url), "utf8");
const ISSUER = "https://auth.example.com";
const KEY_SET_URL = `${ISSUER}/.well-known/jwks.json`;
const now = Math.floor(Date.now() / 1000);

const key = await freshKey("k1");
const sign = (claims = {}) => key.sign({ iss: ISSUER, ...claims });
const secret = randomBytes(32).toString("hex");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const shared = { sub: "user-1", iat: now, exp: now + 300 };
const signOptions = { issuer: ISSUER, audience: "api" };

/** What the blocks of the page find there. */
globalThis.given = {
  token: await sign(),
  keySet: { keys: [key.jwk] },
  secret,
  sharedToken: jwt.sign(shared, secret, signOptions),
  pem: createPublicKey(rsa.privateKey).export({ type: "spki", format: "pem" }),
  pemToken: jwt.sign(shared, rsa.privateKey, { ...signOptions, algorithm: "RS256" }),
};

const server = await startKeyServer(publish(key.jwk));
const packed = packPackage();
after(async () => {
  await server.stop();
  packed.remove();
});
const modules = fileURLToPath(new URL("../../../node_modules/", import.meta.url));
for (const name of ["jose", "jsonwebtoken", "jwt-decode"]) symlinkSync(join(modules, name), join(packed.folder, "node_modules", name));
mkdirSync(join(packed.folder, "blocks"));

/** Runs a block and returns its `claims`, and its `isOver` if it has one. */
async function run(block, number) {
  const text = block.replaceAll(KEY_SET_URL, server.url);
  const file = join(packed.folder, "blocks", `${number}.mjs`);
  const names = Object.keys(globalThis.given).join(", ");
  const over = /const isOver/.test(text) ? "isOver" : "undefined";
  writeFileSync(file, `const { ${names} } = globalThis.given;\n${text}\nexport default { claims, isOver: ${over} };\n`);
  return (await import(pathToFileURL(file).href)).default;
}

const blocks = [...page.matchAll(/```js\n(\/\/ (.+)\n[^`]+)```/g)].map(([, block, library]) => ({ block, library }));

test("every block of code on the page is tested", () => {
  assert.equal(blocks.length, page.match(/```\w/g).length);
  assert.equal(blocks.length, 14);
});

for (let place = 0; place < blocks.length; place += 2) {
  const [theirs, ours] = blocks.slice(place, place + 2);
  const heading = /import .*from "[^"]+"/.exec(theirs.block)[0];
  test(`${theirs.library} and hallpass, pair ${place / 2 + 1} (${heading}): the same claims`, async () => {
    assert.equal(ours.library, "hallpass");
    const expected = await run(theirs.block, place);
    assert.equal(expected.claims.sub, "user-1");
    assert.deepEqual({ ...(await run(ours.block, place + 1)) }, { ...expected });
  });
}

/** A token for each Hallpass code, signed with an EdDSA key or a shared secret. */
const FAULTY = {
  ERR_TOKEN_EXPIRED: { claims: { exp: now - 60 } },
  ERR_CLAIM_INVALID: { claims: { aud: "web" } },
  ERR_TOKEN_NOT_YET_VALID: { claims: { nbf: now + 600 } },
  ERR_SIGNATURE_INVALID: { change: withOneCharacterChanged },
  ERR_KEY_UNKNOWN: { claims: {}, header: { kid: "other" } },
  ERR_TOKEN_SEGMENTS: { change: () => "no.token" },
};

/** The lines of an error table: the library's code and Hallpass's. */
function errorsOf(library) {
  const [, table] = page.split(`Errors of ${library}, by `);
  return [...table.split("\n\n")[1].matchAll(/^\| `(\w+)` \| `(ERR_\w+)` \|$/gm)].map(([, theirs, ours]) => ({ theirs, ours }));
}

test("the error table of jose is correct", async () => {
  const verifier = createVerifier({ issuer: ISSUER, audience: "api", jwks: { keys: [key.jwk] } });
  const lines = errorsOf("jose");
  assert.equal(lines.length, 6);
  for (const { theirs, ours } of lines) {
    const { claims, header, change = (token) => token } = FAULTY[ours];
    const token = change(await key.sign({ iss: ISSUER, ...claims }, header));
    await assert.rejects(jwtVerify(token, createLocalJWKSet({ keys: [key.jwk] }), signOptions), { code: theirs }, ours);
    await assert.rejects(verifier.verify(token), { code: ours });
  }
});

test("the error table of jsonwebtoken is correct", () => {
  const verifier = createVerifier({ ...signOptions, secret: new TextEncoder().encode(secret), typ: "JWT" });
  const lines = errorsOf("jsonwebtoken");
  assert.equal(lines.length, 5);
  for (const { theirs, ours } of lines) {
    const { claims, change = (token) => token } = FAULTY[ours];
    const token = change(jwt.sign({ ...shared, iss: ISSUER, aud: "api", ...claims }, secret));
    assert.throws(() => jwt.verify(token, secret, { algorithms: ["HS256"], ...signOptions }), { name: theirs }, ours);
    assert.throws(() => verifier.verifySync(token), { code: ours });
  }
});
