/** What the adapters share: the token of a request (RFC 6750 §2.1), and the answer to one that has none or a bad one. */

import { cookieValues, isLocal, withoutPrefix } from "./cookies.js";
import type { HallpassError } from "./error.js";
import type { WaitUntil } from "./options.js";

/**
 * How a request is looked at.
 *
 * @example { cookie: "__Host-hallpass_access", optional: true }
 */
export interface AuthenticateOptions<Optional extends boolean = boolean> {
  /**
   * A cookie that holds the access token, read only where there is no `Authorization: Bearer` header; none by default.
   * Browsers send cookies by themselves: what changes something must then also check where a request comes from. A verifier
   * whose only issuer is on `http://localhost` also accepts the name without `__Host-`, which is the one that it sets.
   *
   * @example "__Host-hallpass_access"
   */
  readonly cookie?: string;
  /**
   * Lets requests without any token through, without claims; a bad token is refused all the same. `false` by default.
   *
   * @example true
   */
  readonly optional?: Optional;
  /**
   * Told of every error that a request is refused for, say to log it: the client of a 503 is not told what is wrong. No error
   * holds the token.
   *
   * @example (error) => console.warn(error.code, error.message)
   */
  readonly onRefusal?: (error: HallpassError) => void;
}

/** The claims that a handler gets: none for some requests where the token is optional. */
export type ClaimsOr<Known extends object, Optional extends boolean> = Optional extends true ? Known | undefined : Known;

/** Whatever verifies, such as a `Verifier`. */
export interface Verifies<Known extends object> {
  readonly issuers?: readonly (string | null)[];
  verify(token: string, options: { readonly waitUntil?: WaitUntil }): Promise<Known>;
}

/** Where a request has its token. */
export interface Carriers {
  /** The header `Authorization`; several are joined by commas. */
  readonly authorization: string | undefined;
  /** The header `Cookie`. */
  readonly cookies: string | undefined;
  readonly waitUntil?: WaitUntil;
}

/** The answer to a request that is not let through. */
export interface Refusal {
  readonly status: 400 | 401 | 503;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Seconds after which to come back while the issuer's keys cannot be had. */
const RETRY_AFTER = "5";

/**
 * The schemes that bring a token (RFC 6750, RFC 9449). A header of another scheme is ignored: browsers add that of a proxy's HTTP
 * Basic to every request of a site by themselves (RFC 9110 §11.6.2).
 */
const OWN_SCHEME = /(?:^|,)\s*(?:bearer|dpop)(?![^\s,])/i;

/** What a request without any token is told: only how to bring one (RFC 6750 §3.1). */
const CHALLENGE = "Bearer";

/** Claims for a request, or the answer to it. What is wrong with the verifier itself is thrown. */
export async function judge<Known extends object>(
  verifier: Verifies<Known>,
  { authorization = "", cookies, waitUntil }: Carriers,
  { cookie, optional, onRefusal }: AuthenticateOptions,
): Promise<{ claims: Known | undefined } | Refusal> {
  const tokens = OWN_SCHEME.test(authorization) ? bearerTokens(authorization) : tokensInCookies(verifier, cookie, cookies);
  const [token] = tokens;
  if (token === undefined) return optional ? { claims: undefined } : refusal(401, "invalid_token", "the request has no token", CHALLENGE);
  if (tokens.length > 1) return refusal(400, "invalid_request", "the request must have exactly one token", `${CHALLENGE} error="invalid_request"`);
  try {
    return { claims: await verifier.verify(token, waitUntil ? { waitUntil } : {}) };
  } catch (error) {
    const answer = refusalFor(error as HallpassError);
    onRefusal?.(error as HallpassError);
    return answer;
  }
}

/** A scheme's name is case-insensitive (RFC 9110 §11.1). DPoP is not supported; a malformed header counts as two tokens. */
function bearerTokens(authorization: string): string[] {
  if (/^dpop/i.test(authorization)) return [];
  const token = /^bearer +([^\s,]+)$/i.exec(authorization)?.[1];
  return token === undefined ? ["", ""] : [token];
}

/** Where another issuer is trusted too, only the name itself counts: another host of its site could set one without the prefix. */
function tokensInCookies({ issuers = [] }: Verifies<object>, name: string | undefined, cookies: string | undefined): string[] {
  if (name === undefined) return [];
  const areLocal = issuers.length > 0 && issuers.every(isLocal);
  const local = areLocal ? cookieValues(cookies, withoutPrefix(name)) : [];
  return local.length > 0 ? local : cookieValues(cookies, name);
}

function refusalFor(error: HallpassError): Refusal {
  // By name and not by class: a program may hold the package twice. What a schema throws is no error of ours.
  if (error?.name !== "HallpassError" || /^ERR_(OPTIONS|WEBCRYPTO|WASM|TIME)_/.test(error.code)) throw error;
  if (/^ERR_KEY(S_|_SET)/.test(error.code)) {
    return refusal(503, "unavailable", "the issuer's keys cannot be had: try again", undefined);
  }
  return refusal(401, "invalid_token", error.message, `${CHALLENGE} error="invalid_token"`);
}

function refusal(status: Refusal["status"], error: string, error_description: string, challenge: string | undefined): Refusal {
  const hint = challenge === undefined ? { "retry-after": RETRY_AFTER } : { "www-authenticate": challenge };
  const headers = { "content-type": "application/json", "cache-control": "no-store", ...hint };
  return { status, headers, body: JSON.stringify({ error, error_description }) };
}
