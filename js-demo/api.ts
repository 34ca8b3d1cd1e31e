/** The service behind the edge: what you would replace by your own. Whoever gets here was let through. */

import type { VerifiedClaims } from "hallpass";
import { verify } from "./verifier.js";

/** So often a verification is repeated to be timed: a worker's clock tells whole milliseconds. */
const REPETITIONS = 500;

/** Who calls. */
export interface Caller {
  token: string;
  claims: VerifiedClaims;
  /** Whether the token had run out and was renewed on the way. */
  renewed: boolean;
}

/** Answers a request of somebody who is signed in. */
export async function api(request: Request, { token, claims, renewed }: Caller): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== "/api/protected-endpoint") return Response.json({ error: "not_found" }, { status: 404 });
  const measured = searchParams.has("measure") ? await measuredVerification(token) : {};
  return Response.json({ claims, renewed, ...measured });
}

/** How long the edge takes to verify a token. On Cloudflare the clock stands still while a worker computes, and this is 0. */
async function measuredVerification(token: string): Promise<{ microseconds: number; repetitions: number }> {
  const start = performance.now();
  for (let count = 0; count < REPETITIONS; count += 1) await verify(token);
  return { microseconds: ((performance.now() - start) * 1000) / REPETITIONS, repetitions: REPETITIONS };
}
