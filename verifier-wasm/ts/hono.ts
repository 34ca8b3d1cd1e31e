/** Middleware for Hono: refuses requests without a valid access token, and passes the claims to the handler. */

import type { MiddlewareHandler } from "hono";
import { authenticateRequest, isUnchecked, type AuthenticateOptions, type ClaimsOr } from "./bearer.js";
import type { Verifier } from "./verifier.js";

export type { AuthenticateOptions } from "./bearer.js";

/**
 * Admits requests with a valid token in `Authorization: Bearer` (or in a cookie, by option). The claims are `c.get("claims")`, with
 * the types of the verifier. It refuses other requests: 401 with `WWW-Authenticate`, 400 for two tokens, 503 with `Retry-After`
 * while the issuer's keys are unavailable. `OPTIONS` passes without a check.
 *
 * @throws Errors of the verifier itself, such as `ERR_WASM_BLOCKED`, go to `app.onError`.
 * @example
 * ```ts
 * const verifier = createVerifier<{ plan: string }>({ issuer, audience, jwks });
 * app.get("/me", authenticate(verifier), (c) => c.json({ user: c.get("claims").sub, plan: c.get("claims").plan }));
 * ```
 */
export function authenticate<Known extends object, const Optional extends boolean = false>(
  verifier: Verifier<Known>,
  options: AuthenticateOptions<Optional> = {},
): MiddlewareHandler<{ Variables: { claims: ClaimsOr<Known, Optional> } }> {
  return async (c, next) => {
    if (isUnchecked(c.req.method)) return next();
    const credentials = {
      authorization: c.req.header("authorization"),
      cookies: c.req.header("cookie"),
      // Read only when needed: outside a worker, Hono throws here.
      waitUntil: (promise: Promise<unknown>) => c.executionCtx.waitUntil(promise),
    };
    const outcome = await authenticateRequest(verifier, credentials, options);
    if (!("claims" in outcome)) return c.body(outcome.body, outcome.status, outcome.headers);
    c.set("claims", outcome.claims as ClaimsOr<Known, Optional>);
    return next();
  };
}
