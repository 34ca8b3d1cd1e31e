/** Middleware for Hono: only requests with a good access token reach the handler, with their claims. */

import type { MiddlewareHandler } from "hono";
import { judge, type AuthenticateOptions, type ClaimsOr } from "./bearer.js";
import type { Verifier } from "./verifier.js";

export type { AuthenticateOptions } from "./bearer.js";

/**
 * Lets a request through whose `Authorization: Bearer` (or cookie, by option) holds a good token. Its claims are
 * `c.get("claims")`, with the types of the verifier. Others are answered: 401 with `WWW-Authenticate`, 503 with
 * `Retry-After` while the issuer's keys cannot be had, 400 where there are two tokens.
 *
 * @throws What is wrong with the verifier and not with the token, such as `ERR_WASM_BLOCKED`, goes to `app.onError`.
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
    const carriers = {
      authorization: c.req.header("authorization"),
      cookies: c.req.header("cookie"),
      // Asked for only when there is something to wait for: outside a worker Hono throws.
      waitUntil: (promise: Promise<unknown>) => c.executionCtx.waitUntil(promise),
    };
    const outcome = await judge(verifier, carriers, options);
    if (!("claims" in outcome)) return c.body(outcome.body, outcome.status, outcome.headers);
    c.set("claims", outcome.claims as ClaimsOr<Known, Optional>);
    return next();
  };
}
