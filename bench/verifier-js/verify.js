/** Verification of distinct tokens and of repeated tokens. */

import { badTokens, freshTexts, goodToken } from "../support/tokens.js";
import { assertJudgesTokens } from "../support/validity.js";
import * as aws from "./contenders/aws-jwt-verify.js";
import * as fastJwt from "./contenders/fast-jwt.js";
import * as hallpass from "./contenders/hallpass.js";
import * as jose from "./contenders/jose.js";
import * as jsonwebtoken from "./contenders/jsonwebtoken.js";
import * as nodeCrypto from "./contenders/node-crypto.js";
import * as webCrypto from "./contenders/webcrypto.js";

const VERIFIERS = [hallpass, fastJwt, jose, aws, jsonwebtoken, nodeCrypto, webCrypto];

/** The number of repeated tokens: those of a hundred users. */
const SEEN_TOKENS = 100;

const CHECKS_SIGNATURE_ALONE = "checks the signature alone, of a message and a signature cut out beforehand";
const IS_WIDE = "on Node's thread pool, so on more than one core";

/** Verifiers without a cache, with so many tokens that no other cache helps. */
export async function freshTokens(key, distinctTokens) {
  const made = await Promise.all(VERIFIERS.map(({ verifiers }) => verifiers(key)));
  return contest(made.flat(), key, Array.from({ length: distinctTokens }, () => goodToken(key)));
}

/** Verifiers with a cache, and Hallpass without, with a few repeated tokens. */
export async function seenTokens(key) {
  const cached = [hallpass, fastJwt].flatMap(({ cachingVerifiers }) => cachingVerifiers(key));
  const [plain] = hallpass.verifiers(key);
  const contenders = [...cached, { ...plain, name: `${plain.name}, no cache`, baseline: false }];
  return contest(contenders, key, Array.from({ length: SEEN_TOKENS }, () => goodToken(key)));
}

/** The tokens in use, 80 % of the cache, and more than the processor's caches hold. */
const WORKING_SET = { tokens: 4096, size: 5120 };

/** Verifiers with a cache, with tokens in turn that fill four fifths of it. */
export async function workingSet(key) {
  const cached = [hallpass, fastJwt].flatMap(({ cachingVerifiers }) => cachingVerifiers(key, WORKING_SET.size));
  return contest(cached, key, Array.from({ length: WORKING_SET.tokens }, () => goodToken(key)));
}

/** More tokens than the largest cache stores. */
const MISSED_TOKENS = 16_384;

/** The cost of a cache that does not help: distinct tokens. */
export async function missedTokens(key) {
  const cached = [hallpass, fastJwt].flatMap(({ cachingVerifiers }) => cachingVerifiers(key));
  return contest(cached, key, Array.from({ length: MISSED_TOKENS }, () => goodToken(key)));
}

/** Prepares contenders: checks them, and sets their notes and inputs. */
async function contest(contenders, key, tokens) {
  const bad = badTokens(key);
  for (const contender of contenders) await ready(contender, key, tokens, bad);
  return contenders;
}

async function ready(contender, key, tokens, bad) {
  if (contender.missing !== undefined) return;
  contender.missing = await refusal(contender, tokens[0]);
  if (contender.missing !== undefined) return;
  const { isRaw, unchecked = [] } = contender;
  await assertJudgesTokens(contender, goodToken(key), isRaw ? { signature: bad.signature } : bad);
  const notes = isRaw ? [CHECKS_SIGNATURE_ALONE] : unchecked.map((what) => `does not check \`${what}\``);
  contender.notes = contender.mode === "wide" ? [...notes, IS_WIDE] : notes;
  contender.inputs = isRaw ? inTurn(tokens.map(contender.inputOf)) : freshTexts(tokens);
}

/** The reason why a contender does not support the token, if its error has a code for that. */
async function refusal({ run, refusals = [], inputOf = (token) => token }, token) {
  try {
    await run(inputOf(token));
    return undefined;
  } catch (error) {
    if (refusals.includes(error.code)) return `not supported (${error.code})`;
    throw error;
  }
}

function inTurn(inputs) {
  let at = 0;
  return (count) => Array.from({ length: count }, () => inputs[(at = (at + 1) % inputs.length)]);
}
