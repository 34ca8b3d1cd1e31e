/** The freshness of a key set, by the response's headers (RFC 9111 §5.2.2). */

/** Milliseconds if the response has no `max-age`; Hallpass's issuer sends the same value. */
const DEFAULT_FRESHNESS = 5 * 60_000;

/** Minimum milliseconds, even for `no-store`: otherwise each verification could cause a request. */
const MIN_FRESHNESS = 30_000;

/** Maximum milliseconds: a removed key is accepted for as long, and one request per hour costs little. */
const MAX_FRESHNESS = 60 * 60_000;

/** Milliseconds for which a key set is fresh; `fallback` if the headers have no `max-age`. */
export function readFreshness(headers: Headers, fallback = DEFAULT_FRESHNESS): number {
  const directives = headers.get("cache-control") ?? "";
  if (/(?:^|[\s,])no-(?:store|cache)\b/i.test(directives)) return MIN_FRESHNESS;
  const maxAge = /(?:^|[\s,])max-age\s*=\s*"?(\d+)/i.exec(directives)?.[1];
  if (maxAge === undefined) return fallback;
  // `Age`: the seconds that the response has spent in caches (RFC 9111 §5.1).
  const age = /^\s*(\d+)\s*$/.exec(headers.get("age") ?? "")?.[1] ?? "0";
  const left = (Number(maxAge) - Number(age)) * 1000;
  // The last seconds of a cached copy are not extended: a removed key would outlive `max-age`. The cache gets a newer copy then.
  const isEnding = left > 0 && left < MIN_FRESHNESS && Number(age) > 0;
  return isEnding ? left : limitFreshness(Math.max(left, MIN_FRESHNESS));
}

/** Limits a freshness in milliseconds to the maximum. */
export function limitFreshness(milliseconds: number): number {
  return Math.min(milliseconds, MAX_FRESHNESS);
}
