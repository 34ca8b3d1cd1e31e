/** How the package must behave, in whatever runtime: this file imports nothing but the package's users' own means. */

/** What every behaviour is given: the package, and what `given.js` made in Node: tokens, keys, where the keys are served. */
export const behaviours = {
  "a token is read without a proof"({ hallpass, tokens }) {
    const { header, claims } = hallpass.decode(tokens.EdDSA);
    equal([header.alg, header.kid, claims.username], ["EdDSA", "EdDSA-1", "exampleUser"]);
  },

  "a token's time is told, by the clock of the runtime and by one's own"({ hallpass, tokens }) {
    const { exp } = hallpass.decode(tokens.EdDSA).claims;
    equal([hallpass.isExpired(tokens.EdDSA), hallpass.isExpired(tokens.expired)], [false, true]);
    equal(hallpass.expiresIn(tokens.EdDSA, { now: () => exp - 7 }), 7);
    equal(hallpass.isExpired(tokens.EdDSA, { now: () => exp, leeway: 1 }), false);
  },

  "EdDSA and HS256 are verified without a promise"({ hallpass, tokens, secret, ...given }) {
    equal(verifierFor({ hallpass, ...given }).verifySync(tokens.EdDSA).sub, "user-1");
    const bySecret = hallpass.createVerifier({ ...POLICY, secret: Uint8Array.from(secret) });
    equal(bySecret.verifySync(tokens.HS256).sub, "user-1");
  },

  async "every algorithm is verified with a promise, and its claims are all there"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    for (const alg of ["EdDSA", "ES256", "RS256", "PS256"]) {
      equal(await verifier.verify(tokens[alg]), hallpass.decode(tokens[alg]).claims, alg);
    }
  },

  async "a token that was signed otherwise is refused, by every algorithm"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    for (const alg of ["EdDSA", "ES256", "RS256", "PS256"]) {
      equal(await codeOf(() => verifier.verify(forged(tokens[alg]))), "ERR_SIGNATURE_INVALID", alg);
    }
  },

  async "WebCrypto's algorithms say that they need a promise"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    for (const alg of ["ES256", "RS256", "PS256"]) {
      equal(await codeOf(() => verifier.verifySync(tokens[alg])), "ERR_ALG_NEEDS_ASYNC", alg);
    }
  },

  async "what is wrong with a token has one code, sooner or later"({ hallpass, tokens, ...given }) {
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

  async "a refusal is a HallpassError that names the claim and never tells the token"({ hallpass, tokens, ...given }) {
    const error = await refusalOf(() => verifierFor({ hallpass, ...given }).verify(tokens.foreign));
    equal([error instanceof hallpass.HallpassError, error instanceof Error, error.name], [true, true, "HallpassError"]);
    equal([error.claim, error.reason], ["iss", "is not the expected issuer"]);
    const told = [error.stack, String(error), JSON.stringify(error)].join();
    equal(tokens.foreign.split(".").filter((segment) => told.includes(segment)), []);
  },

  async "wrong options are told where the verifier is made"({ hallpass, keySet }) {
    for (const options of [undefined, {}, { ...POLICY }, { ...POLICY, jwks: keySet, leway: 5 }]) {
      equal(await codeOf(() => hallpass.createVerifier(options)), "ERR_OPTIONS_INVALID");
    }
  },

  async "a token that is remembered gives the same claims, until it expires"({ hallpass, tokens, keySet }) {
    let now = hallpass.decode(tokens.EdDSA).claims.iat;
    const verifier = hallpass.createVerifier({ ...POLICY, jwks: keySet, cache: true, now: () => now });
    const claims = verifier.verifySync(tokens.EdDSA);
    equal([verifier.verifySync(tokens.EdDSA) === claims, Object.isFrozen(claims)], [true, true]);
    now = claims.exp;
    equal(await codeOf(() => verifier.verifySync(tokens.EdDSA)), "ERR_TOKEN_EXPIRED");
  },

  async "keys are fetched at the first use, once, and are there for verifySync then"({ hallpass, tokens, keysUrl }) {
    const verifier = hallpass.createVerifier({ ...POLICY, jwks: `${keysUrl}/once` });
    equal(await codeOf(() => verifier.verifySync(tokens.EdDSA)), "ERR_KEYS_NOT_LOADED");
    const answers = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(tokens.EdDSA)));
    equal(answers.map(({ sub }) => sub), Array(20).fill("user-1"));
    equal(verifier.verifySync(tokens.EdDSA).sub, "user-1");
    equal(await requestsAt(`${keysUrl}/once`), 1);
  },

  async "a token of an unknown key is refused, and such tokens do not flood the issuer"({ hallpass, tokens, keysUrl }) {
    const verifier = hallpass.createVerifier({ ...POLICY, jwks: `${keysUrl}/flood` });
    await verifier.verify(tokens.EdDSA);
    for (let count = 0; count < 10; count += 1) {
      equal(await codeOf(() => verifier.verify(tokens.stranger)), "ERR_KEY_UNKNOWN");
    }
    const requests = await requestsAt(`${keysUrl}/flood`);
    equal(requests <= 2, true, `${requests} requests`);
  },

  async "an issuer that is down, leads elsewhere or talks nonsense is an error of its own"({ hallpass, tokens, keysUrl }) {
    for (const fault of ["broken", "redirect", "missing"]) {
      const verifier = hallpass.createVerifier({ ...POLICY, jwks: `${keysUrl}/${fault}` });
      equal(await codeOf(() => verifier.verify(tokens.EdDSA)), "ERR_KEYS_UNREACHABLE", fault);
    }
    const verifier = hallpass.createVerifier({ ...POLICY, jwks: `${keysUrl}/nonsense` });
    equal(await codeOf(() => verifier.verify(tokens.EdDSA)), "ERR_KEY_SET_INVALID");
  },

  async "a hundred verifications at once do not disturb each other"({ hallpass, tokens, ...given }) {
    const verifier = verifierFor({ hallpass, ...given });
    const wanted = Array.from({ length: 100 }, (_, place) => ["EdDSA", "ES256", "expired", "foreign"][place % 4]);
    const answers = await Promise.all(wanted.map((name) => codeOf(() => verifier.verify(tokens[name]))));
    const expected = { EdDSA: "accepted", ES256: "accepted", expired: "ERR_TOKEN_EXPIRED", foreign: "ERR_CLAIM_INVALID" };
    equal(answers, wanted.map((name) => expected[name]));
  },

  "a caller whose stack is full loses nothing"({ hallpass, tokens, ...given }) {
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

/** Compared as JSON: no runtime's own assertions are needed for what has no cycles. */
function equal(actual, expected, of = "") {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value));
  if (is !== should) throw new Error(`${of} ${is} is not ${should}`.trim());
}
