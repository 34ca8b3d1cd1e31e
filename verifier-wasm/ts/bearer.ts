/** The common part of the adapters: the token of a request (RFC 6750 §2.1), and the response if it is missing or invalid. */

import { cookieValues, isLocal, withoutPrefix } from "./cookies.js";
import type { HallpassError } from "./error.js";
import type { WaitUntil } from "./options.js";

/**
 * Options of the middleware.
 *
 * @example { cookie: "__Host-hallpass_access", optional: true }
 */
export interface AuthenticateOptions<Optional extends boolean = boolean> {
  /**
   * A cookie with the access token, read only if there is no `Authorization: Bearer` header; none by default. Browsers send
   * cookies with cross-site requests too: a handler that changes data must also check `Origin`. If the only issuer is on
   * `http://localhost`, the name without `__Host-`, which that issuer sets, is also accepted.
   *
   * @example "__Host-hallpass_access"
   */
  readonly cookie?: string;
  /**
   * Admits requests without a token, without claims; an invalid token is still refused. `false` by default.
   *
   * @example true
   */
  readonly optional?: Optional;
  /**
   * Called with each error that refuses a request, for example to log it: a 503 response does not contain the cause. No error
   * contains the token.
   *
   * @example (error) => console.warn(error.code, error.message)
   */
  readonly onRefusal?: (error: HallpassError) => void;
}

/** The claims that a handler gets; `undefined` is possible if the token is optional. */
export type ClaimsOr<Known extends object, Optional extends boolean> = Optional extends true ? Known | undefined : Known;

/** The part of a `Verifier` that the adapters use. */
export interface TokenVerifier<Known extends object> {
  readonly issuers?: readonly (string | null)[];
  verify(token: string, options: { readonly waitUntil?: WaitUntil }): Promise<Known>;
}

/** The headers of a request that may carry a token. */
export interface Credentials {
  /** The header `Authorization`; repeated ones are joined by commas. */
  readonly authorization: string | undefined;
  /** The header `Cookie`. */
  readonly cookies: string | undefined;
  readonly waitUntil?: WaitUntil;
}

/** The response to a request that is refused. */
export interface Refusal {
  readonly status: 400 | 401 | 503;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Seconds after which a client retries while the issuer's keys are unavailable. */
const RETRY_AFTER = "5";

/**
 * The schemes that carry a token (RFC 6750, RFC 9449). Another scheme is ignored: browsers add the HTTP Basic credentials for a
 * proxy to every request of a site (RFC 9110 §11.6.2).
 */
const TOKEN_SCHEME = /(?:^|,)\s*(?:bearer|dpop)(?![^\s,])/i;

/** The challenge for a request without a token has no error code (RFC 6750 §3.1). */
const CHALLENGE = "Bearer";

/**
 * Whether a request of this method passes without a check and without claims: a browser sends a CORS preflight without
 * credentials, and cannot send any (Fetch standard, §3.3.5).
 */
export function isUnchecked(method: string | undefined): boolean {
  return method === "OPTIONS";
}

/** Returns the claims of a request, or the response that refuses it. Throws errors of the verifier itself. */
export async function authenticateRequest<Known extends object>(
  verifier: TokenVerifier<Known>,
  { authorization = "", cookies, waitUntil }: Credentials,
  { cookie, optional, onRefusal }: AuthenticateOptions,
): Promise<{ claims: Known | undefined } | Refusal> {
  const tokens = TOKEN_SCHEME.test(authorization) ? bearerTokens(authorization) : tokensInCookies(verifier, cookie, cookies);
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

/** Scheme names are case-insensitive (RFC 9110 §11.1). DPoP is not supported. A malformed header counts as two tokens. */
function bearerTokens(authorization: string): string[] {
  if (/^dpop/i.test(authorization)) return [];
  const token = /^bearer +([^\s,]+)$/i.exec(authorization)?.[1];
  return token === undefined ? ["", ""] : [token];
}

/** The name without the prefix is valid only if all issuers are local: otherwise another host of the site could set the cookie. */
function tokensInCookies({ issuers = [] }: TokenVerifier<object>, name: string | undefined, cookies: string | undefined): string[] {
  if (name === undefined) return [];
  const areLocal = issuers.length > 0 && issuers.every(isLocal);
  const local = areLocal ? cookieValues(cookies, withoutPrefix(name)) : [];
  return local.length > 0 ? local : cookieValues(cookies, name);
}

function refusalFor(error: HallpassError): Refusal {
  // By name, not by class: a program may contain the package twice. An error of a schema is the caller's.
  if (error?.name !== "HallpassError" || /^ERR_(OPTIONS|WEBCRYPTO|WASM|TIME)_/.test(error.code)) throw error;
  if (/^ERR_KEY(S_|_SET)/.test(error.code)) {
    return refusal(503, "unavailable", "the issuer's keys are unavailable; retry later", undefined);
  }
  return refusal(401, "invalid_token", error.message, `${CHALLENGE} error="invalid_token"`);
}

function refusal(status: Refusal["status"], error: string, error_description: string, challenge: string | undefined): Refusal {
  const hint = challenge === undefined ? { "retry-after": RETRY_AFTER } : { "www-authenticate": challenge };
  const headers = { "content-type": "application/json", "cache-control": "no-store", ...hint };
  return { status, headers, body: JSON.stringify({ error, error_description }) };
}
