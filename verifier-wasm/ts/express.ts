/** Middleware for Express 4 and 5, and whatever else hands on Node's requests: only good access tokens reach the handler. */

import { judge, type AuthenticateOptions, type ClaimsOr } from "./bearer.js";
import type { Verifier } from "./verifier.js";

export type { AuthenticateOptions } from "./bearer.js";

/** Of Node's `IncomingMessage`, what is read. */
export interface IncomingRequest {
  readonly headers: { readonly authorization?: string | undefined; readonly cookie?: string | undefined };
  /** Every header as often as it came: `headers` tells of one `Authorization` alone, but as other middleware has left it. */
  readonly headersDistinct?: { readonly authorization?: readonly string[] | undefined };
}

/** Of Node's `ServerResponse`, what is used. */
export interface OutgoingResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/**
 * The middleware, which also tells the claims of a request that it has let through.
 *
 * @example const auth: Authenticate<VerifiedClaims> = authenticate(verifier);
 */
export interface Authenticate<Found> {
  (request: IncomingRequest, response: OutgoingResponse, next: (error?: unknown) => void): Promise<void>;
  /**
   * The claims of a request, with the types of the verifier; at run time they are `request.auth` too.
   *
   * @throws TypeError for a request that this middleware has not let through.
   * @example
   * ```ts
   * const { sub } = auth.claims(request);
   * ```
   */
  claims(request: object): Found;
}

/**
 * Lets a request through whose `Authorization: Bearer` (or cookie, by option) holds a good token. Its claims are
 * `auth.claims(request)`, typed, and `request.auth`. Others are answered: 401 with `WWW-Authenticate`, 503 with
 * `Retry-After` while the issuer's keys cannot be had, 400 where there are two tokens. What is wrong with the verifier and
 * not with the token, such as `ERR_WASM_BLOCKED`, goes to the error handler.
 *
 * @example
 * ```ts
 * const auth = authenticate(createVerifier<{ plan: string }>({ issuer, audience, jwks }));
 * app.get("/me", auth, (request, response) => response.json({ plan: auth.claims(request).plan }));
 * ```
 */
export function authenticate<Known extends object, const Optional extends boolean = false>(
  verifier: Verifier<Known>,
  options: AuthenticateOptions<Optional> = {},
): Authenticate<ClaimsOr<Known, Optional>> {
  type Found = ClaimsOr<Known, Optional>;
  const admitted = new WeakMap<object, Found>();
  const middleware = async (request: IncomingRequest, response: OutgoingResponse, next: (error?: unknown) => void) => {
    try {
      const { headers, headersDistinct } = request;
      const sent = headersDistinct?.authorization ?? [];
      const authorization = sent.length > 1 ? sent.join() : headers.authorization;
      const outcome = await judge(verifier, { authorization, cookies: headers.cookie }, options);
      if (!("claims" in outcome)) {
        response.statusCode = outcome.status;
        for (const name in outcome.headers) response.setHeader(name, outcome.headers[name]!);
        return void response.end(outcome.body);
      }
      admitted.set(request, outcome.claims as Found);
      (request as { auth?: unknown }).auth = outcome.claims;
    } catch (error) {
      return next(error);
    }
    next();
  };
  const claims = (request: object) => {
    if (admitted.has(request)) return admitted.get(request) as Found;
    throw new TypeError("this request has not passed `authenticate`");
  };
  return Object.assign(middleware, { claims });
}
