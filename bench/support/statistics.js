/** Medians and quartiles: on a shared machine outliers would dominate a mean. */

/** The quantile `q` of sorted numbers, with linear interpolation. */
export function quantile(numbers, q) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const index = (sorted.length - 1) * q;
  const low = sorted[Math.floor(index)];
  const high = sorted[Math.ceil(index)];
  return low + (high - low) * (index - Math.floor(index));
}

/** The median and the quartiles. */
export function spread(numbers) {
  return { value: quantile(numbers, 0.5), low: quantile(numbers, 0.25), high: quantile(numbers, 0.75) };
}

/**
 * The ratio of `theirs` to `ours` per round, because a slow round slows both; the inverse where higher is better. Above
 * 1 ours is better.
 */
export function ratios(theirs, ours, better = "lower") {
  return spread(theirs.map((their, round) => (better === "lower" ? their / ours[round] : ours[round] / their)));
}
