/** Reads the header `Cookie` as the issuer does (RFC 6265 §5.4). */

/**
 * A cookie without quotes (RFC 6265 §4.1.1), surrounded by SP and HTAB only. `trim()` would also remove U+00A0 and U+2000: a cookie
 * that another host set, and to which the browser did not apply the rules of `__Host-`, would get that prefix.
 */
const PAIR = /^[ \t]*([!-:<>-~]+)=([!#-+\--:<-[\]-~]+)[ \t]*$/;

/** An issuer on plain HTTP, which is allowed on a loopback host only. */
const LOCAL = /^http:\/\/((?:[^./]+\.)*localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/i;

/** The prefix that prevents other hosts and plain HTTP from setting a cookie (RFC 6265bis §4.1.3.2). */
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
 * The names of the cookies that the issuer with this URL sets. On `http://localhost`, in development, they have no prefix
 * `__Host-`: it requires `Secure`, and Safari stores no `Secure` cookie there.
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

/** The values of a cookie, in order; none if it is missing or empty. */
export function cookieValues(header: string | null | undefined, name: string): string[] {
  const pairs = (header ?? "").split(";").map((pair) => PAIR.exec(pair));
  return pairs.flatMap((pair) => (pair?.[1] === name ? [pair[2]!] : []));
}

/**
 * The value of a cookie in a request's header `Cookie`; `undefined` if it is missing or empty, or occurs twice, because then the
 * right value is unknown.
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
