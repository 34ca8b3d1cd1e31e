/** Before anything is timed: each contender takes the good token and refuses the bad ones, or there is no run. */

/**
 * Throws unless `contender` behaves: it answers the good token with its claims, and refuses every bad one but those
 * that it says it does not check, which it must then really take, so that the notes are true.
 */
export async function assertJudgesTokens(contender, good, bad) {
  const { name, run, unchecked = [], inputOf = (token) => token, subjectOf = ({ sub }) => sub } = contender;
  const subject = JSON.parse(Buffer.from(good.split(".")[1], "base64url")).sub;
  // Twice, since the second answer may come from a cache.
  for (const _ of [1, 2]) {
    const answer = await run(inputOf(good));
    if (!contender.isRaw && subjectOf(answer) !== subject) throw new Error(`${name} does not return the claims`);
  }
  for (const [fault, token] of Object.entries(bad)) {
    const accepts = await accepted(() => run(inputOf(token)));
    const should = unchecked.includes(fault);
    if (accepts && !should) throw new Error(`${name} accepts a token with a wrong ${fault}: that is no fair race`);
    if (!accepts && should) throw new Error(`${name} does check ${fault}: its note is wrong`);
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
