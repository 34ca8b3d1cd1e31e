/** Origins as text: a runtime's `URL` may be a stub, and returns an `origin` for the web's own schemes only. */

/** `scheme://host[:port]` at the start of a URL (RFC 6454 §4); no user and no password. */
const ORIGIN = /^([a-z][a-z\d+.-]*):\/\/([\w.~-]+|\[[\da-f:.]+\])(?::(\d+))?(?=$|[/?#])/i;

const DEFAULT_PORTS: Record<string, number> = { http: 80, https: 443 };

/** The origin of a URL in its normal form (RFC 6454 §6.2), or `undefined`. */
export function originOf(url: string): string | undefined {
  const [, scheme, host, port] = ORIGIN.exec(url.toLowerCase()) ?? [];
  if (scheme === undefined) return undefined;
  return `${scheme}://${host}${port === undefined || Number(port) === DEFAULT_PORTS[scheme] ? "" : `:${Number(port)}`}`;
}
