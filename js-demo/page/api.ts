/** The page's own requests, all to its own origin. The session client signs in and renews. */

import type { RequestLog } from "./journal.js";

/** The JSON body of a response. */
export interface Body {
  renewed?: boolean;
  microseconds?: number;
  repetitions?: number;
  access_token?: string;
  refresh_token?: string;
  session?: { id: string };
  sessions?: ListedSession[];
  code?: string;
  error?: string;
  error_description?: string;
}

/** One of the user's sessions. Times are in seconds since 1970. */
export interface ListedSession {
  id: string;
  created_at: number;
  last_used_at: number;
  label: string | null;
  current: boolean;
}

/** A request and its response. */
export interface Exchange extends RequestLog {
  body: Body;
}

/** The standard `fetch`, or the session client's. */
export type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

export const PROTECTED = "/api/protected-endpoint";

/** The demo's user, for the simulated app and second device. */
const CREDENTIALS = { username: "exampleUser", password: "examplePassword" };

/** Signs in as an app that stores its refresh token itself: the token is in the body, and there are no cookies. */
export function appSignIn(): Promise<Exchange> {
  return exchange(fetch, "POST", "/login", json({ ...CREDENTIALS, transport: "body" }));
}

/** Exchanges an app's refresh token for a new pair. */
export function appRefresh(refresh_token: string): Promise<Exchange> {
  return exchange(fetch, "POST", "/refresh", json({ refresh_token }));
}

/** Gets the current access token with the cookies only. */
export function refreshByCookie(): Promise<Exchange> {
  return exchange(fetch, "POST", "/refresh");
}

/** Calls the protected endpoint with this token only, or with none. */
export function callWith(token: string | undefined): Promise<Exchange> {
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return exchange(fetch, "GET", PROTECTED, { headers, credentials: "omit" });
}

/** Sends a request; the status is 0 without a response. */
export async function exchange(send: Fetch, method: string, path: string, init: RequestInit = {}): Promise<Exchange> {
  const startedAt = performance.now();
  const done = (status: number, body: Body): Exchange =>
    ({ request: `${method} ${path.replace(/\?.*/, "")}`, status, milliseconds: performance.now() - startedAt, body });
  try {
    const response = await send(path, { method, ...init });
    const text = await response.text();
    return done(response.status, text === "" ? {} : JSON.parse(text) as Body);
  } catch {
    return done(0, {});
  }
}

function json(body: object): RequestInit {
  return { credentials: "omit", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
