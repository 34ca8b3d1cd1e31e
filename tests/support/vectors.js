/** Compares the package with each vector, in any runtime; it reads no file and needs no test runner. */

/** Shorter segments may occur in a message as words: `api`, `e30`. */
const MIN_SEGMENT = 8;

/** Uses after which a key has a table, which is another way to check its signatures (docs/design/verifier.md). */
const USES_UNTIL_TABLES = 128;

/**
 * The disagreements of the package with the vectors, a sentence each: by `verify` and `verifySync`, without a cache and with one,
 * the first time and the second. With `withTables`, the keys have tables. The second parameter is the imported package,
 * with `isSync` where the runtime checks every signature without a promise.
 */
export async function disagreements({ vectors, withTables }, { createVerifier, HallpassError, isSync = false }) {
  const users = withTables ? usersOfTables(vectors, createVerifier) : [];
  const found = [];
  for (const vector of vectors) {
    const token = textOf(vector.token);
    const options = optionsOf(vector);
    const whole = vector.claim === undefined ? vector.expected : `${vector.expected} ${vector.claim}`;
    for (const [way, expected] of Object.entries({ verify: whole, verifySync: isSync ? whole : vector.sync ?? whole })) {
      const cached = createVerifier({ ...options, cache: true });
      for (const verifier of [createVerifier(options), cached, cached]) {
        const answer = await answerOf(() => verifier[way](token), token, HallpassError);
        if (answer !== expected) found.push(`${vector.name}: ${way} answers ${answer}, not ${expected}`);
      }
    }
  }
  users.forEach((use) => use());
  return found;
}

/** Uses the Ed25519 keys of the first valid tokens until they have tables. The returned functions keep the tables alive. */
function usersOfTables(vectors, createVerifier) {
  const good = vectors.filter(({ expected, sync, keys }) => expected === "accepted" && sync === undefined && keys?.keys);
  const uses = good.slice(0, 4).map((vector) => {
    const verifier = createVerifier(optionsOf(vector));
    return () => verifier.verifySync(textOf(vector.token));
  });
  for (const use of uses) for (let count = 0; count < USES_UNTIL_TABLES; count += 1) use();
  return uses;
}

async function answerOf(ask, token, HallpassError) {
  try {
    const claims = await ask();
    return JSON.stringify(claims) === JSON.stringify(claimsOf(token)) ? "accepted" : "other claims";
  } catch (error) {
    if (!(error instanceof HallpassError)) return `no HallpassError: ${error}`;
    if (contains(error, token)) return `${error.code} with a part of the token`;
    // Only this code needs the claim too.
    return error.code === "ERR_CLAIM_INVALID" ? `${error.code} ${error.claim}` : error.code;
  }
}

function contains(error, token) {
  const text = [error.stack, String(error), JSON.stringify(error), error.claim, error.reason].join();
  return token.split(".").some((segment) => segment.length > MIN_SEGMENT && text.includes(segment));
}

function optionsOf({ policy, issuers, keys, now }) {
  const trusted = issuers ? { issuers: issuers.map((each) => ({ ...each, ...withSecret(each) })) } : withSecret(keys, { jwks: keys });
  return { ...policy, ...trusted, now: () => now };
}

/** A secret is base64url in the vectors and bytes in the options. */
function withSecret({ secret, alg }, otherwise = {}) {
  return secret === undefined ? otherwise : { secret: bytesOf(secret), secretAlg: alg };
}

/** The token; one that is too long for a file is joined from its pieces. */
export function textOf(token) {
  if (typeof token === "string") return token;
  return token.map((piece) => (typeof piece === "string" ? piece : piece.repeat.repeat(piece.times))).join("");
}

function claimsOf(token) {
  return JSON.parse(new TextDecoder().decode(bytesOf(token.split(".")[1])));
}

function bytesOf(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}
