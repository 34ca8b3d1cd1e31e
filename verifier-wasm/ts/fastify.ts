/** A hook for Fastify: refuses requests without a valid access token. */

import { authenticateRequest, isUnchecked, type AuthenticateOptions, type ClaimsOr } from "./bearer.js";
import type { Verifier } from "./verifier.js";

export type { AuthenticateOptions } from "./bearer.js";

/** The part of Fastify's request that the hook reads. */
export interface HookRequest {
  readonly method: string;
  readonly headers: { readonly authorization?: string | undefined; readonly cookie?: string | undefined };
  /** Node's request: its `headersDistinct` has all values of repeated headers. */
  readonly raw: { readonly headersDistinct?: { readonly authorization?: readonly string[] | undefined } };
}

/** The part of Fastify's reply that the hook uses. */
export interface HookReply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

/**
 * The hook, and the claims of the requests that it has admitted.
 *
 * @example const auth: AuthenticateHook<VerifiedClaims> = authenticate(verifier);
 */
export interface AuthenticateHook<RequestClaims> {
  (request: HookRequest, reply: HookReply): Promise<unknown>;
  /**
   * The claims of a request, with the types of the verifier.
   *
   * @throws TypeError for a request that this hook has not admitted.
   * @example
   * ```ts
   * const { sub } = auth.claims(request);
   * ```
   */
  claims(request: object): RequestClaims;
}

/**
 * Admits requests with a valid token in `Authorization: Bearer` (or in a cookie, by option). The claims are
 * `auth.claims(request)`. It refuses other requests: 401 with `WWW-Authenticate`, 400 for two tokens, 503 with `Retry-After` while
 * the issuer's keys are unavailable. `OPTIONS` passes without a check. Errors of the verifier itself, such as `ERR_WASM_BLOCKED`,
 * go to the error handler.
 *
 * @example
 * ```ts
 * const auth = authenticate(createVerifier<{ plan: string }>({ issuer, audience, jwks }));
 * app.get("/me", { onRequest: auth }, async (request) => ({ plan: auth.claims(request).plan }));
 * ```
 */
export function authenticate<Known extends object, const Optional extends boolean = false>(
  verifier: Verifier<Known>,
  options: AuthenticateOptions<Optional> = {},
): AuthenticateHook<ClaimsOr<Known, Optional>> {
  type RequestClaims = ClaimsOr<Known, Optional>;
  const admitted = new WeakMap<object, RequestClaims>();
  const hook = async (request: HookRequest, reply: HookReply) => {
    const { method, headers, raw } = request;
    if (isUnchecked(method)) return undefined;
    const authorizations = raw.headersDistinct?.authorization ?? [];
    const authorization = authorizations.length > 1 ? authorizations.join() : headers.authorization;
    const outcome = await authenticateRequest(verifier, { authorization, cookies: headers.cookie }, options);
    if ("claims" in outcome) return void admitted.set(request, outcome.claims as RequestClaims);
    reply.code(outcome.status);
    reply.headers(outcome.headers);
    reply.send(outcome.body);
    // Fastify runs no handler after a hook that returns the reply.
    return reply;
  };
  const claims = (request: object) => {
    if (admitted.has(request)) return admitted.get(request) as RequestClaims;
    throw new TypeError("`authenticate` has not admitted this request");
  };
  return Object.assign(hook, { claims });
}
