/** The issuer's responses, and their meaning for the session. */

import { SessionError } from "./error.js";

/** A signed-in user. */
export interface User {
  readonly id: string;
  readonly username: string;
}

/** The user's session. */
export interface SessionInfo {
  readonly id: string;
  /** When the session ends without another renewal, in seconds since 1970 by this computer's clock. */
  readonly expiresAt: number;
}

/** A time on both of the page's clocks, in milliseconds. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** An access token with its user and session. Tabs send it to each other. */
export interface AccessToken {
  readonly token: string;
  /** The token's lifetime in seconds, counted from `sentAt`. */
  readonly expiresIn: number;
  /** When the request for it was sent. */
  readonly sentAt: Moment;
  readonly user: User;
  readonly session: SessionInfo;
}

/** The issuer's response to a sign-in or a renewal. In the cookie transport it has no refresh token and no device token. */
export interface TokenResponse {
  readonly accessToken: AccessToken;
  readonly refreshToken?: string;
  readonly deviceToken?: string;
}

/** The result of a request. For a renewal, `done` means that no token was presented. */
export type Answer =
  | { readonly kind: "granted"; readonly tokens: TokenResponse }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly status: number; readonly code: string; readonly description: string; readonly retryAfter?: number }
  | { readonly kind: "failed"; readonly retryAfter?: number; readonly cause?: unknown };

/** The issuer's response to a refresh without a token. */
export const MISSING: Answer = { kind: "refused", status: 400, code: "invalid_grant", description: "" };

/** Whether the response to a renewal ends the session. In the cookie transport, a missing cookie ends it too. */
export function isEnd(answer: Answer, transport: "cookie" | "body"): boolean {
  if (answer.kind === "done") return transport === "cookie";
  if (answer.kind !== "refused" || answer.status !== 400) return false;
  return answer.code === "invalid_grant" || (transport === "cookie" && answer.code === "invalid_request");
}

/** The error that the caller gets for a request that did not succeed. */
export function errorOf(answer: Answer): SessionError {
  if (answer.kind === "failed") return unreachable(answer);
  if (answer.kind !== "refused") return unreachable();
  const { code, description, retryAfter } = answer;
  if (code === "invalid_credentials") return new SessionError("ERR_CREDENTIALS_INVALID", description);
  if (code === "too_many_attempts") return new SessionError("ERR_TOO_MANY_ATTEMPTS", description, { retryAfter });
  return new SessionError("ERR_REQUEST_REFUSED", `${code}: ${description}`, { retryAfter });
}

/** The issuer did not respond, or the response is not the issuer's. */
export function unreachable(details: { cause?: unknown; retryAfter?: number } = {}): SessionError {
  return new SessionError("ERR_ISSUER_UNREACHABLE", "the issuer is unreachable", details);
}
