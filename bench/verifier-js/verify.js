/** Verification: every token another one, and tokens that were seen before. */

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

/** Tokens in a cache: those of a hundred users who keep coming. */
const SEEN_TOKENS = 100;

const CHECKS_SIGNATURE_ALONE = "checks the signature alone, of a message and a signature cut out beforehand";
const IS_WIDE = "on Node's thread pool, so on more than one core";

/** Verifiers without a cache, over tokens of which there are so many that nothing else helps either. */
export async function freshTokens(key, distinctTokens) {
  const made = await Promise.all(VERIFIERS.map(({ verifiers }) => verifiers(key)));
  return contest(made.flat(), key, Array.from({ length: distinctTokens }, () => goodToken(key)));
}

/** Verifiers with a cache, and Hallpass without, over a few tokens again and again. */
export async function seenTokens(key) {
  const cached = [hallpass, fastJwt].flatMap(({ cachingVerifiers }) => cachingVerifiers(key));
  const [plain] = hallpass.verifiers(key);
  const contenders = [...cached, { ...plain, name: `${plain.name}, no cache`, baseline: false }];
  return contest(contenders, key, Array.from({ length: SEEN_TOKENS }, () => goodToken(key)));
}

/** More tokens than any of the caches holds. */
const MISSED_TOKENS = 16_384;

/** The cost of a cache that does not help: every token another one. */
export async function missedTokens(key) {
  const cached = [hallpass, fastJwt].flatMap(({ cachingVerifiers }) => cachingVerifiers(key));
  return contest(cached, key, Array.from({ length: MISSED_TOKENS }, () => goodToken(key)));
}

/** Makes contenders ready: checked, with their notes, and fed with these tokens. */
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

/** Why a contender cannot be asked at all, where it says so with a code that it is known to use for that. */
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
