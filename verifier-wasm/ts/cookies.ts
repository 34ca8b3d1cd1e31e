/** The header `Cookie`, read as the issuer reads it (RFC 6265 §5.4). */

/**
 * A cookie without quotes (RFC 6265 §4.1.1). Only SP and HTAB surround it. `trim()` would also remove U+00A0 and U+2000, and so
 * turn a cookie of another host, to which the browser has not applied the rules of `__Host-`, into one with that prefix.
 */
const PAIR = /^[ \t]*([!-:<>-~]+)=([!#-+\--:<-[\]-~]+)[ \t]*$/;

/** The values of a cookie, in their order; none where it is missing or is empty. */
export function cookieValues(header: string | null | undefined, name: string): string[] {
  const pairs = (header ?? "").split(";").map((pair) => PAIR.exec(pair));
  return pairs.flatMap((pair) => (pair?.[1] === name ? [pair[2]!] : []));
}

/**
 * The value of a cookie in a request's header `Cookie`. `undefined` where it is missing or empty, and where it comes twice: which
 * of the two is meant is unknown.
 *
 * @example
 * ```ts
 * const token = readCookie(request.headers.cookie, "__Host-hallpass_access");
 * ```
 */
export function readCookie(header: string | null | undefined, name: string): string | undefined {
  const [value, ...others] = cookieValues(header, name);
  return others.length === 0 ? value : undefined;
}
