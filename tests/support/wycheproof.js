/** Runs Project Wycheproof's cases with the package, in any runtime; it reads no file and needs no test runner. */

import { disagreements } from "./vectors.js";

const NOW = 1_790_000_000;
const ISSUER = "https://auth.example";

/** Whether the runtime's crypto checks the algorithm's signatures, and not the wasm module. */
export const isByRuntime = ({ alg }) => /^(ES|RS|PS)/.test(alg);

/** The cases as Wycheproof signed them, by WebCrypto. */
export const raw = (suite, { PublicKey }) => rawBy(suite, (key) => {
  const publicKey = new PublicKey(key);
  return (token) => publicKey.isSigner(token);
});

/** The same by the runtime's synchronous crypto. */
export const rawSync = (suite, { PublicKey, readKey }) => rawBy(suite, (key) => {
  const publicKey = new PublicKey(key);
  return (token) => publicKey.isSignerSync(token, readKey);
});

/** How many cases ran and agreed, the ids of those that differed, and of those that could not run: their message is not a text. */
async function rawBy({ alg, groups }, checkerOf) {
  const outcome = { run: 0, agreed: 0, differing: [], notText: [] };
  for (const { keys, cases } of groups) {
    const [jwk] = keys.keys;
    const isSigned = checkerOf(JSON.stringify({ ...jwk, alg }));
    for (const { id, message, signature, is_valid: isValid } of cases) {
      const text = textOf(message);
      if (text === undefined) {
        outcome.notText.push(id);
        continue;
      }
      outcome.run += 1;
      const token = { signed: new TextEncoder().encode(text), signature: bytesOf(signature) };
      if ((isInRange(token.signature, jwk) && (await isSigned(token))) === isValid) outcome.agreed += 1;
      else outcome.differing.push(id);
    }
  }
  return outcome;
}

/** The cases' signatures on a Hallpass token, for which none is valid: how many there were, and which answers differed. */
export async function wrapped({ alg, groups }, { createVerifier, isSync = false }) {
  const faults = [];
  let run = 0;
  for (const { keys, cases, is_refused: isRefused } of groups) {
    const trusted = keys.secret === undefined ? { jwks: keys } : { secret: bytesOf(keys.secret), secretAlg: keys.alg };
    const verifier = createVerifier({ issuer: ISSUER, audience: "api", now: () => NOW, ...trusted });
    const late = isRefused ? "ERR_KEY_SET_INVALID" : "ERR_SIGNATURE_INVALID";
    const expected = { verify: late, verifySync: isByRuntime({ alg }) && !isSync ? "ERR_ALG_NEEDS_ASYNC" : late };
    for (const { id, signature } of cases) {
      run += 1;
      for (const [way, code] of Object.entries(expected)) {
        const answer = await answerOf(() => verifier[way](`${signed(alg)}.${signature}`));
        if (answer !== code) faults.push(`${id}: ${way} answers ${answer}, not ${code}`);
      }
    }
  }
  return { run, faults };
}

/** The disagreements about valid tokens of the vectors. */
export const control = disagreements;

async function answerOf(ask) {
  try {
    await ask();
    return "accepted";
  } catch (error) {
    return error.code ?? String(error);
  }
}

/**
 * The module's check of an RSA signature before the runtime's, which differ there: it has the length of the modulus and is the
 * smaller number (RFC 8017 §5.2.2, §8.1.2). The module's own check is tested by the vectors.
 */
function isInRange(signature, { n }) {
  if (n === undefined) return true;
  const [number, modulus] = [signature, bytesOf(n)].map((bytes) => bytes.reduce((hex, byte) => hex + byte.toString(16).padStart(2, "0"), ""));
  return number.length === modulus.length && number < modulus;
}

/** The signed part of a token: a valid header and valid claims. */
function signed(alg) {
  const parts = [{ alg, typ: "at+jwt" }, { iss: ISSUER, aud: "api", exp: NOW + 300 }];
  const segments = parts.map((part) => btoa(JSON.stringify(part)).replaceAll("=", ""));
  return segments.join(".").replaceAll("+", "-").replaceAll("/", "_");
}

function textOf(base64url) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(base64url));
  } catch {
    return undefined;
  }
}

function bytesOf(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
