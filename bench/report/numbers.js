/** Numbers as people read them: three figures, thousands apart, and their units. */

/** Three significant figures; whole from 100 on. */
export function figures(number) {
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString("en");
  return number.toPrecision(3);
}

/** `4.1×`: how many times as fast, as small or as many Hallpass is. */
export function times(ratio) {
  return `${ratio >= 100 ? Math.round(ratio).toLocaleString("en") : ratio.toPrecision(ratio >= 10 ? 3 : 2)}×`;
}
