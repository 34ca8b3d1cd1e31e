/** The behavior suite for every runtime: this file imports nothing. */

/** The algorithms that the runtime's crypto checks. */
const BY_RUNTIME = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/** Each test gets the package and the fixtures of `given.js`: tokens, keys, the URL of the keys. */
export const behaviors = {
  "a token is decoded without verification"({ hallpass, tokens }) {
    const { header, claims } = hallpass.decode(tokens.EdDSA);
    equal([header.alg, header.kid, claims.username], ["EdDSA", "EdDSA-1", "exampleUser"]);
  },

  "a token's remaining time is returned, with the runtime's clock and a custom one"({ hallpass, tokens }) {
    const { exp } = hallpass.decode(tokens.EdDSA).claims;
    equal([hallpass.isExpired(tokens.EdDSA), hallpass.isExpired(tokens.expired)], [false, true]);
    equal(hallpass.expiresIn(tokens.EdDSA, { now: () => exp - 7 }), 7);
    equal(hallpass.isExpired(tokens.EdDSA, { now: () => exp, leeway: 1 }), false);
  },

  "EdDSA and HMAC are verified synchronously"({ hallpass, tokens, secret, ...given }) {
    equal(verifierFor({ hallpass, ...given }).verifySync(tokens.EdDSA).sub, "user-1");
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const bySecret = hallpass.createVerifier({ ...POLICY, secret: Uint8Array.from(secret), secretAlg: alg });
      equal(bySecret.verifySync(tokens[alg]).sub, "user-1", alg);
    }
  },

  async "every algorithm is verified asynchronously, with all claims"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    for (const alg of ["EdDSA", ...BY_RUNTIME]) {
      equal(await verifier.verify(tokens[alg]), hallpass.decode(tokens[alg]).claims, alg);
    }
  },

  async "an invalid signature is refused, with every algorithm"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    for (const alg of ["EdDSA", ...BY_RUNTIME]) {
      equal(await codeOf(() => verifier.verify(forged(tokens[alg]))), "ERR_SIGNATURE_INVALID", alg);
    }
  },

  async "verifySync checks every algorithm, or answers ERR_ALG_NEEDS_ASYNC where only WebCrypto can"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    for (const alg of BY_RUNTIME) {
      if (hallpass.isSync) equal(verifier.verifySync(tokens[alg]), hallpass.decode(tokens[alg]).claims, alg);
      const expected = hallpass.isSync ? "ERR_SIGNATURE_INVALID" : "ERR_ALG_NEEDS_ASYNC";
      equal(await codeOf(() => verifier.verifySync(forged(tokens[alg]))), expected, alg);
    }
  },

  async "verify and verifySync refuse a token with the same code"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    const expected = {
      ERR_TOKEN_EXPIRED: tokens.expired,
      ERR_CLAIM_INVALID: tokens.foreign,
      ERR_KEY_UNKNOWN: tokens.stranger,
      ERR_TYP_NOT_ACCEPTED: tokens.otherKind,
      ERR_TOKEN_SEGMENTS: "no.token",
      ERR_TOKEN_NOT_STRING: undefined,
      ERR_BASE64_INVALID: `${tokens.EdDSA}=`,
      ERR_TOKEN_TOO_LARGE: `${tokens.EdDSA}${"A".repeat(8192)}`,
    };
    for (const [code, token] of Object.entries(expected)) {
      equal(await codeOf(() => verifier.verify(token)), code);
      equal(await codeOf(() => verifier.verifySync(token)), code);
    }
  },

  async "a refusal is a HallpassError with the claim and without the token"({ hallpass, tokens, ...given }) {
    const error = await refusalOf(() => verifierFor({ hallpass, ...given }).verify(tokens.foreign));
    equal([error instanceof hallpass.HallpassError, error instanceof Error, error.name], [true, true, "HallpassError"]);
    equal([error.claim, error.reason], ["iss", "is not the expected issuer"]);
    const text = [error.stack, String(error), JSON.stringify(error)].join();
    equal(tokens.foreign.split(".").filter((segment) => text.includes(segment)), []);
  },

  async "invalid options are refused by createVerifier"({ hallpass, keySet }) {
    for (const options of [undefined, {}, { ...POLICY }, { ...POLICY, jwks: keySet, leway: 5 }]) {
      equal(await codeOf(() => hallpass.createVerifier(options)), "ERR_OPTIONS_INVALID");
    }
  },

  async "a cached token returns the same claims until it expires"({ hallpass, tokens, keySet }) {
    let now = hallpass.decode(tokens.EdDSA).claims.iat;
    const verifier = hallpass.createVerifier({ ...POLICY, jwks: keySet, cache: true, now: () => now });
    const claims = verifier.verifySync(tokens.EdDSA);
    equal([verifier.verifySync(tokens.EdDSA) === claims, Object.isFrozen(claims)], [true, true]);
    now = claims.exp;
    equal(await codeOf(() => verifier.verifySync(tokens.EdDSA)), "ERR_TOKEN_EXPIRED");
  },

  async "keys are fetched once, at the first use, and verifySync uses them"({ hallpass, tokens, keysUrl }) {
    const verifier = hallpass.createVerifier({ ...POLICY, jwks: `${keysUrl}/once` });
    equal(await codeOf(() => verifier.verifySync(tokens.EdDSA)), "ERR_KEYS_NOT_LOADED");
    const answers = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(tokens.EdDSA)));
    equal(answers.map(({ sub }) => sub), Array(20).fill("user-1"));
    equal(verifier.verifySync(tokens.EdDSA).sub, "user-1");
    equal(await requestsAt(`${keysUrl}/once`), 1);
  },

  async "a token with an unknown key is refused, and such tokens do not flood the issuer"({ hallpass, tokens, keysUrl }) {
    const verifier = hallpass.createVerifier({ ...POLICY, jwks: `${keysUrl}/flood` });
    await verifier.verify(tokens.EdDSA);
    for (let count = 0; count < 10; count += 1) {
      equal(await codeOf(() => verifier.verify(tokens.stranger)), "ERR_KEY_UNKNOWN");
    }
    const requests = await requestsAt(`${keysUrl}/flood`);
    equal(requests <= 2, true, `${requests} requests`);
  },

  async "an issuer that is down, redirects or sends invalid data is an error of the keys"({ hallpass, tokens, keysUrl }) {
    for (const fault of ["broken", "redirect", "missing"]) {
      const verifier = hallpass.createVerifier({ ...POLICY, jwks: `${keysUrl}/${fault}` });
      equal(await codeOf(() => verifier.verify(tokens.EdDSA)), "ERR_KEYS_UNREACHABLE", fault);
    }
    const verifier = hallpass.createVerifier({ ...POLICY, jwks: `${keysUrl}/nonsense` });
    equal(await codeOf(() => verifier.verify(tokens.EdDSA)), "ERR_KEY_SET_INVALID");
  },

  async "a hundred concurrent verifications are independent"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    const wanted = Array.from({ length: 100 }, (_, place) => ["EdDSA", "ES256", "expired", "foreign"][place % 4]);
    const answers = await Promise.all(wanted.map((name) => codeOf(() => verifier.verify(tokens[name]))));
    const expected = { EdDSA: "accepted", ES256: "accepted", expired: "ERR_TOKEN_EXPIRED", foreign: "ERR_CLAIM_INVALID" };
    equal(answers, wanted.map((name) => expected[name]));
  },

  "verifiers survive a stack overflow of the caller"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    verifier.verifySync(tokens.EdDSA);
    const deeper = () => {
      verifier.verifySync(tokens.EdDSA);
      deeper();
    };
    let thrown;
    try {
      deeper();
    } catch (error) {
      thrown = error;
    }
    equal(thrown instanceof RangeError, true, String(thrown));
    equal(verifier.verifySync(tokens.EdDSA).sub, "user-1");
  },
};

const POLICY = { issuer: "https://auth.example", audience: "api" };

function verifierFor({ hallpass, keySet }) {
  return hallpass.createVerifier({ ...POLICY, jwks: keySet });
}

async function requestsAt(url) {
  return (await fetch(`${url}?count`)).json();
}

/** The token with the first character of its signature changed. */
function forged(token) {
  const place = token.lastIndexOf(".") + 1;
  return token.slice(0, place) + (token[place] === "A" ? "B" : "A") + token.slice(place + 1);
}

async function refusalOf(act) {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

async function codeOf(act) {
  try {
    await act();
    return "accepted";
  } catch (error) {
    return error.code ?? String(error);
  }
}

/** Compares as JSON, which needs no assertions of a runtime. */
function equal(actual, expected, of = "") {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value));
  if (is !== should) throw new Error(`${of} ${is} is not ${should}`.trim());
}
