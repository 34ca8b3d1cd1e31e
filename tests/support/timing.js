/** Whether two kinds of requests take the same time: trimmed means, and how small a difference they would show. */

/** Part of the samples that is cut off at either end: pauses of the machine are not the issuer's. */
const TRIMMED = 0.2;

/** Two-sided at 1 %, and one-sided for a power of 95 %. */
const Z_ALPHA = 2.576;
const Z_POWER = 1.645;

/** Mean and variance of the mean of samples whose ends were cut off (Yuen 1974). */
function trimmed(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length * TRIMMED);
  const kept = sorted.slice(cut, sorted.length - cut);
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const winsorised = sorted.map((value) => Math.min(Math.max(value, kept[0]), kept.at(-1)));
  const middle = winsorised.reduce((sum, value) => sum + value, 0) / winsorised.length;
  const squares = winsorised.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return { mean, variance: squares / (kept.length * (kept.length - 1)) };
}

/**
 * Compares two lists of times. `difference` of the means; `error`, its standard error; `detectable`, the smallest
 * difference that would be significant at 1 % with a probability of 95 %; `atLeast`, what the difference is at least, with
 * a confidence of 99 %.
 */
export function compare(one, other) {
  const [a, b] = [trimmed(one), trimmed(other)];
  const difference = a.mean - b.mean;
  const error = Math.sqrt(a.variance + b.variance);
  const atLeast = Math.max(0, Math.abs(difference) - Z_ALPHA * error);
  return { mean: b.mean, difference, error, detectable: (Z_ALPHA + Z_POWER) * error, atLeast };
}
