/** `Retry-After`: seconds, or a date in one of three forms (RFC 9110 §10.2.3 and §5.6.7). */

/** `Nov  6 08:49:37 1994` of C's `asctime`, which is UTC here. */
const ASCTIME = /^(\w{3}) (\w{3}) ([ \d]\d) (\S+) (\d{4})$/;

/** `Sun, 06 Nov 1994 08:49:37 GMT`, and `Sunday, 06-Nov-94 08:49:37 GMT` of RFC 850. */
const DATE = /^(\w{3})\w*, ([ \d]\d)[ -](\w{3})[ -](\d{4}|\d\d) (\S+) GMT$/;

/** The header's value in seconds; `now` is in milliseconds since 1970. */
export function readRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((readDate(text, now) - now) / 1000);
  return seconds > 0 ? seconds : undefined;
}

/** Converts a date to the first form, which every engine's `Date.parse` reads (ECMA-262, `Date.prototype.toUTCString`). */
function readDate(text: string, now: number): number {
  const [, weekday, day = "", month, year, time] = DATE.exec(text.replace(ASCTIME, "$1, $3 $2 $5 $4 GMT")) ?? [];
  return Date.parse(`${weekday}, ${day.replace(" ", "0")} ${month} ${fullYear(Number(year), now)} ${time} GMT`);
}

/** Two digits mean a year that is at most 50 years ahead (RFC 9110 §5.6.7). */
function fullYear(year: number, now: number): number {
  if (year > 99) return year;
  const latest = new Date(now).getUTCFullYear() + 50;
  return latest - ((latest - year) % 100);
}
