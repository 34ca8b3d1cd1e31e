/** What a request brings to prove who sent it. */

/** The tokens of a request. One with an `Authorization` header is judged by that alone, whatever cookies come along. */
export function credentials({ headers }: Request): { access?: string; refresh?: string } {
  const authorization = headers.get("authorization");
  if (authorization !== null) return { access: authorization.replace(/^Bearer +/i, "") };
  const cookies = headers.get("cookie") ?? "";
  return { ...named("access", cookies), ...named("refresh", cookies) };
}

/** The name prefix `__Host-` keeps other hosts and plain HTTP from setting the cookie (RFC 6265bis §4.1.3.2). */
function named(kind: "access" | "refresh", cookies: string): { access?: string; refresh?: string } {
  const prefix = `__Host-hallpass_${kind}=`;
  const cookie = cookies.split("; ").find((pair) => pair.startsWith(prefix));
  return cookie === undefined ? {} : { [kind]: cookie.slice(prefix.length) };
}
