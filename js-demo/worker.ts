/**
 * The edge worker, made to be copied with `verifier.ts`: it verifies access tokens right here, renews those that have run out
 * on the way, and passes sign-in and sessions on to the issuer. What your own service does is in `api.ts`.
 */

import { env } from "cloudflare:workers";
import { cookieNames, HallpassError, readCookie, type ErrorCode } from "hallpass";
import { api } from "./api.js";
import { configured, issuer, verify } from "./verifier.js";

/** The paths that the issuer answers itself. */
const ISSUERS_PATHS = /^\/(login|refresh|logout|register|password|me|sessions|\.well-known)(\/|$)/;

/** What makes a token one to renew: its time is over, or its key has gone. What was tampered with never is. */
const OUTDATED: readonly ErrorCode[] = ["ERR_TOKEN_EXPIRED", "ERR_KEY_UNKNOWN"];

/** What is not the token's fault: the keys could not be had, or the verifier cannot work here. */
const UNAVAILABLE = /^ERR_(KEYS|KEY_SET|OPTIONS|WASM|WEBCRYPTO|TIME)_/;

/** Seconds after which to come back where the issuer has not said so. */
const RETRY_AFTER = "5";

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    try {
      if (ISSUERS_PATHS.test(pathname)) return await passOn(request);
      if (pathname.startsWith("/api/")) return forOneUser(await guarded(request));
      return await env.ASSETS.fetch(request);
    } catch (error) {
      return forOneUser(refusal(error));
    }
  },
};

/** Lets a request with a good token through to the service; renews one whose refresh cookie is good. */
async function guarded(request: Request): Promise<Response> {
  const { access, refresh } = tokensOf(request);
  if (!hasOwnHeader(request) && isForeign(request)) {
    return failure(403, "csrf_rejected", "the request comes from another site's page");
  }
  if (access !== undefined) {
    const claims = await verify(access).catch((error: unknown) => {
      if (refresh === undefined || !isOneOf(OUTDATED, error)) throw error;
      return undefined;
    });
    if (claims !== undefined) return api(request, { token: access, claims, renewed: false });
  }
  // A request without any token is told only how to bring one (RFC 6750 §3.1).
  if (refresh === undefined) return unauthorized("no token came with the request", "Bearer");
  return renewed(request, refresh);
}

/** Trades the refresh cookie for a new pair, serves the request, and hands the new cookies on with the answer. */
async function renewed(request: Request, refresh: string): Promise<Response> {
  const headers = { cookie: `${cookieNames(configured("ISSUER_URL")).refresh}=${refresh}` };
  const renewal = await ask("/refresh", { method: "POST", headers }, request);
  // A refusal brings the new cookies too: without them the client would come back with a refresh token that is used.
  const answer = await afterRenewal(request, renewal).catch(refusal);
  // What a service answers may be somebody else's, whose headers cannot be changed.
  const response = new Response(answer.body, answer);
  // Each cookie is a header of its own; joined to one they would be lost.
  for (const cookie of renewal.headers.getSetCookie()) response.headers.append("set-cookie", cookie);
  return response;
}

async function afterRenewal(request: Request, renewal: Response): Promise<Response> {
  // No cookie is cleared: a sign-in in another tab may have overtaken this answer, and set new ones.
  if (renewal.status === 400) return unauthorized("the session has ended; sign in again");
  if (!renewal.ok) return unavailable(renewal.headers.get("retry-after") ?? RETRY_AFTER);
  const { access_token: token } = await renewal.json() as { access_token: string };
  return api(request, { token, claims: await verify(token), renewed: true });
}

/** Passes a request on to the issuer as it is. */
function passOn(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return ask(pathname + search, request, request);
}

/** Asks the issuer for the sender of a request, whose address it needs for its limits and its log (its option `--trusted-proxy`). */
function ask(path: string, asked: RequestInit, { headers }: Request): Promise<Response> {
  const request = new Request(new URL(path, configured("ISSUER_URL")), asked);
  const sender = headers.get("cf-connecting-ip");
  if (sender !== null) request.headers.set("x-forwarded-for", sender);
  return issuer(request);
}

/** The tokens of a request. One with a bearer token is judged by that alone, whatever cookies come along. */
function tokensOf(request: Request): { access: string | undefined; refresh: string | undefined } {
  const { headers } = request;
  if (hasOwnHeader(request)) return { access: headers.get("authorization")!.replace(/^Bearer */i, ""), refresh: undefined };
  const { access, refresh } = cookieNames(configured("ISSUER_URL"));
  const cookies = headers.get("cookie");
  return { access: readCookie(cookies, access), refresh: readCookie(cookies, refresh) };
}

/**
 * Whether a request brings its token in a header, which no other site's page can make a browser add. A header of another scheme is
 * ignored: browsers add that of a proxy's HTTP Basic by themselves (RFC 9110 §11.6.2).
 */
function hasOwnHeader({ headers }: Request): boolean {
  return /^(Bearer|DPoP)( |$)/i.test(headers.get("authorization") ?? "");
}

/** Browsers send cookies with what another site's page asks for, too: what changes something must come from ours. */
function isForeign({ method, headers, url }: Request): boolean {
  if (method === "GET" || method === "HEAD") return false;
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin" || site === "none") return false;
  const origin = headers.get("origin");
  // Neither header: no browser, and so nobody's cookies but its own.
  return !(site === null && origin === null) && origin !== new URL(url).origin;
}

/** The answer to a token that was refused, or to a failure that is no fault of the client's. */
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
  return failure(503, "temporarily_unavailable", "the issuer cannot be reached: try again", { "retry-after": retryAfter });
}

function failure(status: number, error: string, error_description: string, headers = {}, code?: ErrorCode): Response {
  return Response.json({ error, error_description, ...(code !== undefined && { code }) }, { status, headers });
}

/** No cache may keep what was answered to one user. */
function forOneUser(response: Response): Response {
  const own = new Response(response.body, response);
  own.headers.set("cache-control", "no-store");
  own.headers.append("vary", "Origin, Cookie, Authorization");
  return own;
}
