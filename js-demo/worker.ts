/**
 * The edge worker, to be copied with `verifier.ts`: it verifies access tokens, renews expired ones during the request, and forwards
 * sign-in and sessions to the issuer. Your own service replaces `api.ts`.
 */

import { env } from "cloudflare:workers";
import { cookieNames, HallpassError, readCookie, type ErrorCode } from "hallpass";
import { api } from "./api.js";
import { configured, issuer, verify } from "./verifier.js";

/** The paths that are forwarded to the issuer. */
const ISSUER_PATHS = /^\/(login|refresh|logout|register|password|me|sessions|\.well-known)(\/|$)/;

/** The errors after which a token is renewed: it has expired, or its key was removed. A tampered token is never renewed. */
const RENEWABLE: readonly ErrorCode[] = ["ERR_TOKEN_EXPIRED", "ERR_KEY_UNKNOWN"];

/** Errors that are not about the token: the keys are unavailable, or the verifier cannot work here. */
const UNAVAILABLE = /^ERR_(KEYS|KEY_SET|OPTIONS|WASM|WEBCRYPTO|TIME)_/;

/** Seconds after which a client retries, if the issuer has sent no `Retry-After`. */
const RETRY_AFTER = "5";

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    try {
      if (ISSUER_PATHS.test(pathname)) return await forward(request);
      if (pathname.startsWith("/api/")) return uncached(await guarded(request));
      return await env.ASSETS.fetch(request);
    } catch (error) {
      return uncached(refusal(error));
    }
  },
};

/** Passes a request with a valid token to the service; renews with a valid refresh cookie. */
async function guarded(request: Request): Promise<Response> {
  const { access, refresh } = tokensOf(request);
  if (!hasTokenHeader(request) && isCrossSite(request)) {
    return failure(403, "csrf_rejected", "cross-site request");
  }
  if (access !== undefined) {
    const claims = await verify(access).catch((error: unknown) => {
      if (refresh === undefined || !isOneOf(RENEWABLE, error)) throw error;
      return undefined;
    });
    if (claims !== undefined) return api(request, { token: access, claims, renewed: false });
  }
  // The challenge for a request without a token has no error code (RFC 6750 §3.1).
  if (refresh === undefined) return unauthorized("the request has no token", "Bearer");
  return renewed(request, refresh);
}

/** Exchanges the refresh cookie for a new pair, serves the request, and adds the new cookies to the response. */
async function renewed(request: Request, refresh: string): Promise<Response> {
  const headers = { cookie: `${cookieNames(configured("ISSUER_URL")).refresh}=${refresh}` };
  const renewal = await ask("/refresh", { method: "POST", headers }, request);
  // A refusal has the new cookies too: without them, the client would present a used refresh token.
  const answer = await afterRenewal(request, renewal).catch(refusal);
  // A copy: the headers of a response from `fetch` are immutable.
  const response = new Response(answer.body, answer);
  // One header per cookie: joined cookies would be lost.
  for (const cookie of renewal.headers.getSetCookie()) response.headers.append("set-cookie", cookie);
  return response;
}

async function afterRenewal(request: Request, renewal: Response): Promise<Response> {
  // No cookie is cleared: another tab may have signed in meanwhile and set new ones.
  if (renewal.status === 400) return unauthorized("the session has ended; sign in again");
  if (!renewal.ok) return unavailable(renewal.headers.get("retry-after") ?? RETRY_AFTER);
  const { access_token: token } = await renewal.json() as { access_token: string };
  return api(request, { token, claims: await verify(token), renewed: true });
}

/** Forwards a request to the issuer, unchanged. */
function forward(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return ask(pathname + search, request, request);
}

/** Sends a request to the issuer, with the client's address for its limits and its log (its option `--trusted-proxy`). */
function ask(path: string, init: RequestInit, { headers }: Request): Promise<Response> {
  const request = new Request(new URL(path, configured("ISSUER_URL")), init);
  const sender = headers.get("cf-connecting-ip");
  if (sender !== null) request.headers.set("x-forwarded-for", sender);
  return issuer(request);
}

/** The tokens of a request. With a bearer token, the cookies are ignored. */
function tokensOf(request: Request): { access: string | undefined; refresh: string | undefined } {
  const { headers } = request;
  if (hasTokenHeader(request)) return { access: headers.get("authorization")!.replace(/^Bearer */i, ""), refresh: undefined };
  const { access, refresh } = cookieNames(configured("ISSUER_URL"));
  const cookies = headers.get("cookie");
  return { access: readCookie(cookies, access), refresh: readCookie(cookies, refresh) };
}

/**
 * Whether a request has its token in a header, which another site's page cannot make a browser add. A header of another scheme is
 * ignored: browsers add the HTTP Basic credentials for a proxy to every request (RFC 9110 §11.6.2).
 */
function hasTokenHeader({ headers }: Request): boolean {
  return /^(Bearer|DPoP)( |$)/i.test(headers.get("authorization") ?? "");
}

/** Browsers send cookies with cross-site requests too: a request that changes state must come from the site's own pages. */
function isCrossSite({ method, headers, url }: Request): boolean {
  if (method === "GET" || method === "HEAD") return false;
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin" || site === "none") return false;
  const origin = headers.get("origin");
  // Neither header: the client is not a browser, so no other site controls its cookies.
  return !(site === null && origin === null) && origin !== new URL(url).origin;
}

/** The response to an invalid token, or to a failure that is not the client's. */
function refusal(error: unknown): Response {
  if (error instanceof HallpassError && !UNAVAILABLE.test(error.code)) return unauthorized(error.message, INVALID_TOKEN, error.code);
  console.error(error);
  return unavailable(RETRY_AFTER);
}

function isOneOf(codes: readonly ErrorCode[], error: unknown): boolean {
  return error instanceof HallpassError && codes.includes(error.code);
}

const INVALID_TOKEN = 'Bearer error="invalid_token"';

function unauthorized(description: string, challenge = INVALID_TOKEN, code?: ErrorCode): Response {
  return failure(401, "invalid_token", description, { "www-authenticate": challenge }, code);
}

function unavailable(retryAfter: string): Response {
  return failure(503, "temporarily_unavailable", "the issuer is unreachable; retry later", { "retry-after": retryAfter });
}

function failure(status: number, error: string, error_description: string, headers = {}, code?: ErrorCode): Response {
  return Response.json({ error, error_description, ...(code !== undefined && { code }) }, { status, headers });
}

/** Forbids caches to store one user's response. */
function uncached(response: Response): Response {
  const copy = new Response(response.body, response);
  copy.headers.set("cache-control", "no-store");
  copy.headers.append("vary", "Origin, Cookie, Authorization");
  return copy;
}
