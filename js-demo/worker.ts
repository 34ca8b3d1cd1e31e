/** The edge worker: serves the page, verifies tokens right here, and renews those that have run out on the way. */

import { env } from "cloudflare:workers";
import { createVerifier } from "hallpass";
import { answer, isOutdated, noCredentials, refusal, sessionEnded } from "./answers.js";
import { credentials } from "./credentials.js";

const verifier = createVerifier({
  issuer: env.ISSUER_URL,
  audience: env.AUDIENCE,
  jwks: new URL("/.well-known/jwks.json", env.ISSUER_URL),
  fetch: (...request) => env.ISSUER.fetch(...request),
});

export default {
  fetch: (request: Request): Promise<Response> => route(request).catch(refusal),
};

async function route(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (["/login", "/refresh", "/logout", "/me"].includes(pathname)) return env.ISSUER.fetch(request);
  if (pathname === "/api/protected-endpoint") return protectedEndpoint(request);
  return env.ASSETS.fetch(request);
}

async function protectedEndpoint(request: Request): Promise<Response> {
  const { access, refresh } = credentials(request);
  if (access === undefined && refresh === undefined) return noCredentials();
  try {
    if (access !== undefined) return answer(200, { claims: await verifier.verify(access), renewed: false });
  } catch (error) {
    // Only what has run out, or whose key has gone, is renewed; what was tampered with never is.
    if (refresh === undefined || !isOutdated(error)) throw error;
  }
  return renewed(request);
}

/** Trades the request's refresh cookie for a new pair, and hands the new cookies on with the answer. */
async function renewed(request: Request): Promise<Response> {
  const headers = { cookie: request.headers.get("cookie") ?? "" };
  const renewal = await env.ISSUER.fetch(new URL("/refresh", env.ISSUER_URL), { method: "POST", headers });
  if (renewal.status >= 500) throw new Error(`the issuer answered ${renewal.status}`);
  const response = renewal.ok ? await welcomed(renewal) : sessionEnded();
  for (const cookie of renewal.headers.getSetCookie()) response.headers.append("set-cookie", cookie);
  return response;
}

async function welcomed(renewal: Response): Promise<Response> {
  const { token } = await renewal.json() as { token: string };
  return answer(200, { claims: await verifier.verify(token), renewed: true, token });
}
