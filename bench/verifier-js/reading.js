/** Reading without verification: decoding and expiry. */

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

/** Contenders that decode a token, each checked to return the claims. */
export function decoders(key, distinctTokens) {
  const tokens = Array.from({ length: distinctTokens }, () => goodToken(key, { sub: "user-1" }));
  return READERS.flatMap(({ decoders }) => decoders).map((decoder) => {
    const { name, run, subjectOf = ({ sub }) => sub } = decoder;
    assert.equal(subjectOf(run(tokens[0])), "user-1", name);
    return { ...decoder, inputs: freshTexts(tokens) };
  });
}

/** Contenders that tell whether a token has expired, each checked for both answers. */
export function expiryReaders(key, distinctTokens) {
  const tokens = Array.from({ length: distinctTokens }, () => goodToken(key));
  const { exp: runOut } = badTokens(key);
  return READERS.flatMap(({ expiry }) => expiry).map((reader) => {
    assert.equal(reader.run(tokens[0]), false, reader.name);
    assert.equal(reader.run(runOut), true, reader.name);
    return { ...reader, inputs: freshTexts(tokens) };
  });
}
