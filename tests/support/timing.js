/** Whether two kinds of requests take the same time: trimmed means, and how small a difference they would show. */

/** The fraction of the samples that is cut off at each end: pauses of the machine are not the issuer's. */
const TRIMMED = 0.2;

/** Two-sided at 1 %, and one-sided for a power of 95 %. */
const Z_ALPHA = 2.576;
const Z_POWER = 1.645;

/** The trimmed mean and its variance (Yuen 1974). */
function trimmed(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length * TRIMMED);
  const kept = sorted.slice(cut, sorted.length - cut);
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const winsorized = sorted.map((value) => Math.min(Math.max(value, kept[0]), kept.at(-1)));
  const middle = winsorized.reduce((sum, value) => sum + value, 0) / winsorized.length;
  const squares = winsorized.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return { mean, variance: squares / (kept.length * (kept.length - 1)) };
}

/**
 * Compares two lists of times. `difference` of the means; `error`, its standard error; `detectable`, the smallest
 * difference that would be significant at 1 % with a probability of 95 %; `atLeast`, what the difference is at least, with
 * a confidence of 99 %.
 */
export function compare(one, other) {
  const a = trimmed(one);
  const b = trimmed(other);
  const difference = a.mean - b.mean;
  const error = Math.sqrt(a.variance + b.variance);
  const atLeast = Math.max(0, Math.abs(difference) - Z_ALPHA * error);
  return { mean: b.mean, difference, error, detectable: (Z_ALPHA + Z_POWER) * error, atLeast };
}

/**
 * How well times tell names of two kinds apart, by ranks (Mann and Whitney 1947): an attacker times each name many times, and
 * judges it by the median. `auc` is the probability that a name of the one kind takes longer than one of the other: 0.5 tells
 * nothing, 0 and 1 tell all. `atLeast`, what it is away from 0.5 at least, with a confidence of 99 %; `detectable`, the
 * smallest distance that would be significant with a probability of 95 %. A rank does not depend on how long a pause was: noise
 * brings `auc` nearer to 0.5. `times` compares the medians themselves.
 */
export function distinguish(one, other) {
  const a = one.map(median);
  const b = other.map(median);
  const wins = a.reduce((sum, x) => sum + b.reduce((wins, y) => wins + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0);
  const auc = wins / (a.length * b.length);
  const error = Math.sqrt((a.length + b.length + 1) / (12 * a.length * b.length));
  return {
    auc,
    atLeast: Math.max(0, Math.abs(auc - 0.5) - Z_ALPHA * error),
    detectable: (Z_ALPHA + Z_POWER) * error,
    times: compare(a, b),
  };
}

function median(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
