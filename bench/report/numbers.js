/** Formats numbers with three significant digits and thousands separators. */

/** Three significant digits; integers from 100 on. */
export function figures(number) {
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString("en");
  return number.toPrecision(3);
}

/** `4.1×`: a ratio, above 1 where Hallpass is better. */
export function times(ratio) {
  return `${ratio >= 100 ? Math.round(ratio).toLocaleString("en") : ratio.toPrecision(ratio >= 10 ? 3 : 2)}×`;
}
