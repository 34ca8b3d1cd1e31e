/** The edge worker's answers, which no cache may keep: they are for one user. */

import { HallpassError, type ErrorCode } from "hallpass";

/** What makes a token one to renew: its time is over, or its key has gone. */
const OUTDATED: ErrorCode[] = ["ERR_TOKEN_EXPIRED", "ERR_KEY_UNKNOWN"];

/** What is not the token's fault. */
const UNAVAILABLE: ErrorCode[] = ["ERR_KEYS_UNREACHABLE", "ERR_KEY_SET_INVALID"];

/** An answer in JSON. */
export function answer(status: number, body: object, headers: Record<string, string> = {}): Response {
  const always = { "cache-control": "no-store", vary: "Authorization, Cookie" };
  return Response.json(body, { status, headers: { ...always, ...headers } });
}

/** Whether a token was refused only because it is old. */
export function isOutdated(error: unknown): boolean {
  return error instanceof HallpassError && OUTDATED.includes(error.code);
}

/** A request without any token is told only how to bring one (RFC 6750 §3.1). */
export function noCredentials(): Response {
  return answer(401, refused("no token came with the request"), { "www-authenticate": "Bearer" });
}

/** The refresh token is none any more. */
export function sessionEnded(): Response {
  return answer(401, refused("the session is over: sign in again"), INVALID_TOKEN);
}

/** The answer to a token that was refused, or to a failure that is no fault of the client's. */
export function refusal(error: unknown): Response {
  if (error instanceof HallpassError && !UNAVAILABLE.includes(error.code)) {
    return answer(401, { ...refused(error.message), code: error.code }, INVALID_TOKEN);
  }
  console.error(error);
  const body = { error: "temporarily_unavailable", error_description: "the issuer cannot be reached: try again" };
  return answer(503, body, { "retry-after": "5" });
}

const INVALID_TOKEN = { "www-authenticate": 'Bearer error="invalid_token"' };

function refused(error_description: string): { error: string; error_description: string } {
  return { error: "invalid_token", error_description };
}
