/** The header `Cookie`, read as the issuer reads it (RFC 6265 §5.4). */

/**
 * A cookie without quotes (RFC 6265 §4.1.1). Only SP and HTAB surround it. `trim()` would also remove U+00A0 and U+2000, and so
 * turn a cookie of another host, to which the browser has not applied the rules of `__Host-`, into one with that prefix.
 */
const PAIR = /^[ \t]*([!-:<>-~]+)=([!#-+\--:<-[\]-~]+)[ \t]*$/;

/** An issuer on plain HTTP, which it may be on a loopback host alone. */
const LOCAL = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/i;

/** The prefix that keeps other hosts and plain HTTP from setting a cookie (RFC 6265bis §4.1.3.2). */
const PREFIX = "__Host-";

/**
 * The names of an issuer's cookies.
 *
 * @example { access: "__Host-hallpass_access", refresh: "__Host-hallpass_refresh" }
 */
export interface CookieNames {
  /** Holds the access token. */
  readonly access: string;
  /** Holds the refresh token. */
  readonly refresh: string;
}

/**
 * The names of the cookies that the issuer with this URL sets. On `http://localhost`, in development, they lack the prefix
 * `__Host-`: it demands `Secure`, and Safari keeps no `Secure` cookie there.
 *
 * @example
 * ```ts
 * const { access, refresh } = cookieNames("https://auth.example.com");
 * ```
 */
export function cookieNames(issuer: string): CookieNames {
  const prefix = isLocal(issuer) ? "" : PREFIX;
  return { access: `${prefix}hallpass_access`, refresh: `${prefix}hallpass_refresh` };
}

/** Whether this issuer sets its cookies without the prefix. */
export function isLocal(issuer: string | null): boolean {
  return issuer !== null && LOCAL.test(issuer);
}

/** A cookie's name without the prefix. */
export function withoutPrefix(name: string): string {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
}

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
