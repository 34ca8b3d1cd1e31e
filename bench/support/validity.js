/** The check before a measurement: each contender must accept the valid token and refuse the invalid ones. */

/**
 * Throws unless `contender` returns the valid token's claims and refuses every invalid token, except for checks that it
 * is noted not to make: it must accept those, so that the notes are true.
 */
export async function assertJudgesTokens(contender, good, bad) {
  const { name, run, unchecked = [], inputOf = (token) => token, subjectOf = ({ sub }) => sub } = contender;
  const subject = JSON.parse(Buffer.from(good.split(".")[1], "base64url")).sub;
  // Twice, because the second answer may come from a cache.
  for (const _ of [1, 2]) {
    const answer = await run(inputOf(good));
    if (!contender.isRaw && subjectOf(answer) !== subject) throw new Error(`${name} does not return the claims`);
  }
  for (const [fault, token] of Object.entries(bad)) {
    const accepts = await accepted(() => run(inputOf(token)));
    const should = unchecked.includes(fault);
    if (accepts && !should) throw new Error(`${name} accepts a token with a wrong ${fault}: the comparison would be unfair`);
    if (!accepts && should) throw new Error(`${name} checks ${fault}: its note is wrong`);
  }
}

async function accepted(ask) {
  try {
    await ask();
    return true;
  } catch {
    return false;
  }
}
