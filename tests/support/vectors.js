/** Asks the package for its answer to each vector, in whatever runtime; it reads no file and knows no test runner. */

/** Segments that are shorter are words that a message may use: `api`, `e30`. */
const TELLING = 8;

/**
 * What the package answers otherwise than the vectors say, by `verify` or by `verifySync`: a sentence each.
 * The package is what `import` gave: `createVerifier` and `HallpassError`.
 */
export async function disagreements(vectors, { createVerifier, HallpassError }) {
  const found = [];
  for (const vector of vectors) {
    const token = textOf(vector.token);
    const whole = vector.claim === undefined ? vector.expected : `${vector.expected} ${vector.claim}`;
    for (const [way, expected] of Object.entries({ verify: whole, verifySync: vector.sync ?? whole })) {
      const answer = await answerOf(() => createVerifier(optionsOf(vector))[way](token), token, HallpassError);
      if (answer !== expected) found.push(`${vector.name}: ${way} answers ${answer}, not ${expected}`);
    }
  }
  return found;
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
