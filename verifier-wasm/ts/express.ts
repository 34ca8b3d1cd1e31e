/** Middleware for Express 4 and 5, and other frameworks with Node's requests: refuses requests without a valid access token. */

import { authenticateRequest, isUnchecked, type AuthenticateOptions, type ClaimsOr } from "./bearer.js";
import type { Verifier } from "./verifier.js";

export type { AuthenticateOptions } from "./bearer.js";

/** The part of Node's `IncomingMessage` that the middleware reads. */
export interface IncomingRequest {
  readonly method?: string | undefined;
  readonly headers: { readonly authorization?: string | undefined; readonly cookie?: string | undefined };
  /** All values of repeated headers: `headers` has only one `Authorization`, but with the changes of other middleware. */
  readonly headersDistinct?: { readonly authorization?: readonly string[] | undefined };
}

/** The part of Node's `ServerResponse` that the middleware uses. */
export interface OutgoingResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/**
 * The middleware, and the claims of the requests that it has admitted.
 *
 * @example const auth: Authenticate<VerifiedClaims> = authenticate(verifier);
 */
export interface Authenticate<RequestClaims> {
  (request: IncomingRequest, response: OutgoingResponse, next: (error?: unknown) => void): Promise<void>;
  /**
   * The claims of a request, with the types of the verifier; at run time they are also `request.auth`.
   *
   * @throws TypeError for a request that this middleware has not admitted.
   * @example
   * ```ts
   * const { sub } = auth.claims(request);
   * ```
   */
  claims(request: object): RequestClaims;
}

/**
 * Admits requests with a valid token in `Authorization: Bearer` (or in a cookie, by option). The claims are
 * `auth.claims(request)`, typed, and `request.auth`. It refuses other requests: 401 with `WWW-Authenticate`, 400 for two tokens,
 * 503 with `Retry-After` while the issuer's keys are unavailable. `OPTIONS` passes without a check. Errors of the verifier itself,
 * such as `ERR_WASM_BLOCKED`, go to the error handler.
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
  type RequestClaims = ClaimsOr<Known, Optional>;
  const admitted = new WeakMap<object, RequestClaims>();
  const middleware = async (request: IncomingRequest, response: OutgoingResponse, next: (error?: unknown) => void) => {
    if (isUnchecked(request.method)) return next();
    try {
      const { headers, headersDistinct } = request;
      const authorizations = headersDistinct?.authorization ?? [];
      const authorization = authorizations.length > 1 ? authorizations.join() : headers.authorization;
      const outcome = await authenticateRequest(verifier, { authorization, cookies: headers.cookie }, options);
      if (!("claims" in outcome)) {
        response.statusCode = outcome.status;
        for (const name in outcome.headers) response.setHeader(name, outcome.headers[name]!);
        return void response.end(outcome.body);
      }
      admitted.set(request, outcome.claims as RequestClaims);
      (request as { auth?: unknown }).auth = outcome.claims;
    } catch (error) {
      return next(error);
    }
    next();
  };
  const claims = (request: object) => {
    if (admitted.has(request)) return admitted.get(request) as RequestClaims;
    throw new TypeError("`authenticate` has not admitted this request");
  };
  return Object.assign(middleware, { claims });
}
