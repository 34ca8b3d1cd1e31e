/** What the issuer's answers are, and what they mean for the session. */

import { SessionError } from "./error.js";

/** Who is signed in. */
export interface User {
  readonly id: string;
  readonly username: string;
}

/** The session that they are signed in with. */
export interface SessionInfo {
  readonly id: string;
  /** When it ends without another renewal, in seconds since 1970 by this computer's clock, be that right or wrong. */
  readonly expiresAt: number;
}

/** A moment on both of the page's clocks. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** An access token, and whose it is: what tabs tell each other. */
export interface Pass {
  readonly token: string;
  /** How many seconds the token was good for when the request was sent, at least. */
  readonly expiresIn: number;
  /** When that was. */
  readonly sentAt: Moment;
  readonly user: User;
  readonly session: SessionInfo;
}

/** What a sign-in or a renewal gave. In the cookie transport the browser keeps the refresh token and the device token. */
export interface Grant {
  readonly pass: Pass;
  readonly refreshToken?: string;
  readonly deviceToken?: string;
}

/** What came of a request. To a renewal `done` says that there was nothing to renew. */
export type Answer =
  | { readonly kind: "granted"; readonly grant: Grant }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly status: number; readonly code: string; readonly description: string; readonly retryAfter?: number }
  | { readonly kind: "failed"; readonly retryAfter?: number; readonly cause?: unknown };

/** The answer that a refresh without a token would get. */
export const MISSING: Answer = { kind: "refused", status: 400, code: "invalid_grant", description: "" };

/** Whether a renewal says that the session is over for good. Without its cookie the browser has nothing more to present. */
export function isEnd(answer: Answer, transport: "cookie" | "body"): boolean {
  if (answer.kind === "done") return transport === "cookie";
  if (answer.kind !== "refused" || answer.status !== 400) return false;
  return answer.code === "invalid_grant" || (transport === "cookie" && answer.code === "invalid_request");
}

/** The caller's error for an answer that did not do what was asked. */
export function errorOf(answer: Answer): SessionError {
  if (answer.kind === "failed") return unreachable(answer);
  if (answer.kind !== "refused") return unreachable();
  const { code, description, retryAfter } = answer;
  if (code === "invalid_credentials") return new SessionError("ERR_CREDENTIALS_INVALID", description);
  if (code === "too_many_attempts") return new SessionError("ERR_TOO_MANY_ATTEMPTS", description, { retryAfter });
  return new SessionError("ERR_REQUEST_REFUSED", `${code}: ${description}`, { retryAfter });
}

/** The issuer did not answer, or not as an issuer does. */
export function unreachable(details: { cause?: unknown; retryAfter?: number } = {}): SessionError {
  return new SessionError("ERR_ISSUER_UNREACHABLE", "the issuer cannot be reached now", details);
}
