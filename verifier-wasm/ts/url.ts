/** The URLs from which keys are fetched. */

/** A URL of this text; `undefined` if it is none. Chrome before 120 and Safari before 17 have no `URL.canParse`. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Whether a host is this machine: names below `localhost` resolve to loopback addresses only (RFC 6761 §6.3). */
export function isLocalHost(hostname: string): boolean {
  return /^(?:(?:[^.]+\.)*localhost|127\.0\.0\.1|\[::1\])$/i.test(hostname);
}

/**
 * Why keys must not be fetched from a URL, as a phrase that follows its name; `undefined` if they may be. TLS is required: an
 * attacker who can change the keys in transit can forge any token.
 */
export function faultOf(text: string, allowInsecure: boolean): string | undefined {
  const url = parseUrl(text);
  if (url === undefined) return "must be an absolute URL";
  const isHttp = url.protocol === "http:" && (allowInsecure || isLocalHost(url.hostname));
  if (url.protocol !== "https:" && !isHttp) return "must be an https: URL; http: is for localhost, or with `allowInsecureJwks: true`";
  if (url.username !== "" || url.password !== "") return "must not contain a user name or password";
  return undefined;
}
