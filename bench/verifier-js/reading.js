/** Reading without proof: decoding, and whether a token has run out. */

import assert from "node:assert/strict";
import { badTokens, freshTexts, goodToken } from "../support/tokens.js";
import * as aws from "./contenders/aws-jwt-verify.js";
import * as byHand from "./contenders/by-hand.js";
import * as fastJwt from "./contenders/fast-jwt.js";
import * as hallpass from "./contenders/hallpass.js";
import * as jose from "./contenders/jose.js";
import * as jsonwebtoken from "./contenders/jsonwebtoken.js";
import * as jwtDecode from "./contenders/jwt-decode.js";

const READERS = [hallpass, jose, jwtDecode, fastJwt, jsonwebtoken, aws, byHand];

/** Contenders that take a token apart, each checked to find the claims. */
export function decoders(key, distinctTokens) {
  const tokens = Array.from({ length: distinctTokens }, () => goodToken(key, { sub: "user-1" }));
  return READERS.flatMap(({ decoders }) => decoders).map((decoder) => {
    const { name, run, subjectOf = ({ sub }) => sub } = decoder;
    assert.equal(subjectOf(run(tokens[0])), "user-1", name);
    return { ...decoder, inputs: freshTexts(tokens) };
  });
}

/** Contenders that tell whether a token has run out, each checked to answer both ways. */
export function expiryReaders(key, distinctTokens) {
  const tokens = Array.from({ length: distinctTokens }, () => goodToken(key));
  const { exp: runOut } = badTokens(key);
  return READERS.flatMap(({ expiry }) => expiry).map((reader) => {
    assert.equal(reader.run(tokens[0]), false, reader.name);
    assert.equal(reader.run(runOut), true, reader.name);
    return { ...reader, inputs: freshTexts(tokens) };
  });
}
