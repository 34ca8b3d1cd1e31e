/** Medians and quartiles: a benchmark on a shared machine has outliers, and a mean would be theirs. */

/** The value below which the share `q` of the numbers lies, between neighbours by a straight line. */
export function quantile(numbers, q) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place - Math.floor(place));
}

/** The middle of the numbers and the quartiles around it. */
export function spread(numbers) {
  return { value: quantile(numbers, 0.5), low: quantile(numbers, 0.25), high: quantile(numbers, 0.75) };
}

/**
 * How many times `ours` goes into `theirs`, judged round by round: what slowed the machine in one round slowed both.
 * Where more is better, the other way round: in both cases above 1 means that ours is the better one.
 */
export function ratios(theirs, ours, better = "lower") {
  return spread(theirs.map((their, round) => (better === "lower" ? their / ours[round] : ours[round] / their)));
}
