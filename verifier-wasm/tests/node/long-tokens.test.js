/** Tokens of issuers that put hundreds of groups into them. */

import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { test } from "node:test";
import { createVerifier } from "hallpass";
import { entra } from "hallpass/issuers";

const tenant = "6731de76-14a6-49ae-97bc-6eba6914391e";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig" };
const fetch = async () => Response.json({ keys: [jwk] });

function tokenOf(groups) {
  const segment = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const claims = {
    iss: `https://login.microsoftonline.com/${tenant}/v2.0`, aud: "api", azp: "client", sub: "u1", exp: Math.floor(Date.now() / 1000) + 600,
    groups: Array.from({ length: groups }, () => randomUUID()),
  };
  const signed = `${segment({ typ: "JWT", alg: "RS256", kid: "k" })}.${segment(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

test("an Entra token with 200 groups is verified by RS256, and so are the tokens before and after it", async () => {
  const verifier = createVerifier({ ...entra({ tenant, audience: "api" }), fetch });
  for (const groups of [1, 157, 200, 1]) {
    const token = tokenOf(groups);
    assert.equal((await verifier.verify(token)).groups.length, groups);
    assert.equal(verifier.verifySync(token).sub, "u1");
    const end = token.length - 100;
    const forged = `${token.slice(0, end)}${token[end] === "A" ? "B" : "A"}${token.slice(end + 1)}`;
    await assert.rejects(verifier.verify(forged), { code: "ERR_SIGNATURE_INVALID" });
  }
});

test("without the option, the error names it", async () => {
  const { maxTokenBytes, ...rules } = entra({ tenant, audience: "api" });
  assert.equal(maxTokenBytes, 16_384);
  const error = { code: "ERR_TOKEN_TOO_LARGE", message: /the maximum is 8192 \(option `maxTokenBytes`\)/ };
  await assert.rejects(createVerifier({ ...rules, fetch }).verify(tokenOf(200)), error);
});
