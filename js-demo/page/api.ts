/** The requests that the page makes itself, all to its own origin; sign-in and renewal are the session client's. */

import type { Told } from "./journal.js";

/** What an answer's JSON body may hold. */
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

/** One request and what became of it. */
export interface Exchange extends Told {
  body: Body;
}

/** The standard `fetch`, or the session client's. */
export type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

export const PROTECTED = "/api/protected-endpoint";

/** The demo's user, for the parts that an app or a second device plays. */
const CREDENTIALS = { username: "exampleUser", password: "examplePassword" };

/** Signs in as an app does that keeps its refresh token itself: it comes in the body, and no cookie goes or comes. */
export function appSignIn(): Promise<Exchange> {
  return exchange(fetch, "POST", "/login", json({ ...CREDENTIALS, transport: "body" }));
}

/** Trades an app's refresh token for a new pair. */
export function appRefresh(refresh_token: string): Promise<Exchange> {
  return exchange(fetch, "POST", "/refresh", json({ refresh_token }));
}

/** Asks by the cookies alone for the access token of the moment. */
export function refreshByCookie(): Promise<Exchange> {
  return exchange(fetch, "POST", "/refresh");
}

/** Calls the protected endpoint with this token alone, or with none. */
export function callWith(token: string | undefined): Promise<Exchange> {
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return exchange(fetch, "GET", PROTECTED, { headers, credentials: "omit" });
}

/** Sends a request; one that got no answer has the status 0. */
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
