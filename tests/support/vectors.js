/** Asks the package for its answer to each vector, in whatever runtime; it reads no file and knows no test runner. */

/** Segments that are shorter are words that a message may use: `api`, `e30`. */
const TELLING = 8;

/** A key that is used so often has tables, which are another way to check its signatures (ARCHITECTURE.md). */
const USES_UNTIL_TABLES = 128;

/**
 * What the package answers otherwise than the vectors say, by `verify` or by `verifySync`, without a cache, and with one at
 * the first time and at the second: a sentence each. Keys have tables where that is asked for.
 * The package is what `import` gave: `createVerifier` and `HallpassError`.
 */
export async function disagreements({ vectors, withTables }, { createVerifier, HallpassError }) {
  const users = withTables ? usersOfTables(vectors, createVerifier) : [];
  const found = [];
  for (const vector of vectors) {
    const token = textOf(vector.token);
    const options = optionsOf(vector);
    const whole = vector.claim === undefined ? vector.expected : `${vector.expected} ${vector.claim}`;
    for (const [way, expected] of Object.entries({ verify: whole, verifySync: vector.sync ?? whole })) {
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

/** Uses the Ed25519 keys of the first few good tokens until they have tables; whoever holds the users keeps the tables. */
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
    if (tells(error, token)) return `${error.code}, and tells the token`;
    // Only this code leaves open which claim is meant.
    return error.code === "ERR_CLAIM_INVALID" ? `${error.code} ${error.claim}` : error.code;
  }
}

function tells(error, token) {
  const told = [error.stack, String(error), JSON.stringify(error), error.claim, error.reason].join();
  return token.split(".").some((segment) => segment.length > TELLING && told.includes(segment));
}

function optionsOf({ policy, issuers, keys, now }) {
  const trusted = issuers ? { issuers: issuers.map((each) => ({ ...each, ...withSecret(each) })) } : withSecret(keys, { jwks: keys });
  return { ...policy, ...trusted, now: () => now };
}

/** A secret is base64url in the vectors and bytes in the options. */
function withSecret({ secret }, otherwise = {}) {
  return secret === undefined ? otherwise : { secret: bytesOf(secret) };
}

/** The token, put together from its pieces where it is too long for a file. */
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
