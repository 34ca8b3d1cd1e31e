/** The service behind the edge, to be replaced by your own. Its requests have a valid token. */

import type { VerifiedClaims } from "hallpass";
import { verify } from "./verifier.js";

/** Verifications per measurement: a worker's clock has whole milliseconds. */
const REPETITIONS = 500;

/** The client of a request. */
export interface Caller {
  token: string;
  claims: VerifiedClaims;
  /** Whether the token had expired and was renewed during the request. */
  renewed: boolean;
}

/** Responds to a request of a signed-in user. */
export async function api(request: Request, { token, claims, renewed }: Caller): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== "/api/protected-endpoint") return Response.json({ error: "not_found" }, { status: 404 });
  const measured = searchParams.has("measure") ? await measuredVerification(token) : {};
  return Response.json({ claims, renewed, ...measured });
}

/** The time of one verification. On Cloudflare the clock stops while a worker computes, and this is 0. */
async function measuredVerification(token: string): Promise<{ microseconds: number; repetitions: number }> {
  const start = performance.now();
  for (let count = 0; count < REPETITIONS; count += 1) await verify(token);
  return { microseconds: ((performance.now() - start) * 1000) / REPETITIONS, repetitions: REPETITIONS };
}
