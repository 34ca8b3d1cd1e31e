/** For how long a key set may be kept, by the headers that it came with (RFC 9111 §5.2.2). */

/** Milliseconds that hold where a server says nothing: so does Hallpass's own issuer. */
const DEFAULT = 5 * 60_000;

/** However short a server's answer, even `no-store`: else each verification could be a request to it. */
const SHORTEST = 30_000;

/** However long: a key that was withdrawn lives on for so long, and one request an hour is none too many. */
const MAX_FRESHNESS = 60 * 60_000;

/** Milliseconds for which a key set is fresh; `otherwise` where the headers do not say. */
export function readFreshness(headers: Headers, otherwise = DEFAULT): number {
  const directives = headers.get("cache-control") ?? "";
  if (/(?:^|[\s,])no-(?:store|cache)\b/i.test(directives)) return SHORTEST;
  const maxAge = /(?:^|[\s,])max-age\s*=\s*"?(\d+)/i.exec(directives)?.[1];
  if (maxAge === undefined) return otherwise;
  // What has lain in a cache on the way is so many seconds old already.
  const age = /^\s*(\d+)\s*$/.exec(headers.get("age") ?? "")?.[1] ?? "0";
  const left = (Number(maxAge) - Number(age)) * 1000;
  // The last seconds of a cache's copy: for longer, a withdrawn key would outlive the issuer's word. The cache has a newer one then.
  const isEnding = left > 0 && left < SHORTEST && Number(age) > 0;
  return isEnding ? left : atMost(Math.max(left, SHORTEST));
}

/** The duration, or the longest that is accepted, in milliseconds. */
export function atMost(milliseconds: number): number {
  return Math.min(milliseconds, MAX_FRESHNESS);
}
