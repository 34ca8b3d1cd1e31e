/** `hallpass/client`: the signed-in user of a page, and a valid access token on demand. Plain TypeScript, no wasm. */

import type { User } from "./answer.js";
import { readOptions, type SessionOptions } from "./options.js";
import { PageSession, type SignOutOutcome } from "./session.js";
import type { Listener, SessionState } from "./state.js";
import { browserEnvironment, isPage } from "./environment.js";

export { SessionError, type SessionErrorCode } from "./error.js";
export type { SessionInfo, User } from "./answer.js";
export type { SessionOptions, TokenStorage } from "./options.js";
export type { SignOutOutcome } from "./session.js";
export type { SessionState } from "./state.js";

/** The session of a page. Its properties never cause a request. */
export interface Session {
  /** The user's status; a new object after each change, and only then. */
  readonly state: SessionState;
  /** The signed-in user; `null` if no user is signed in, `undefined` if the page does not know yet. */
  readonly user: User | null | undefined;
  /** Calls `listener` after each change of the state. Returns a function that ends the subscription. */
  subscribe(listener: Listener): () => void;
  /**
   * Signs a user in. @throws {@link SessionError} `ERR_CREDENTIALS_INVALID`, `ERR_TOO_MANY_ATTEMPTS`, `ERR_ISSUER_UNREACHABLE`.
   *
   * @example
   * ```ts
   * const user = await session.signIn({ username: "exampleUser", password });
   * ```
   */
  signIn(credentials: { username: string; password: string }): Promise<User>;
  /**
   * Signs the user out, in this page and its other tabs. `"pending"`: the issuer is unreachable. The page repeats the request
   * until the issuer confirms it; if the page is closed, the next one does.
   */
  signOut(): Promise<SignOutOutcome>;
  /**
   * Returns an access token that is valid for at least some seconds, renewed if needed; `null` if no user is signed in.
   *
   * @throws {@link SessionError} `ERR_ISSUER_UNREACHABLE` if a renewal is needed and fails; the session continues.
   */
  getAccessToken(): Promise<string | null>;
  /**
   * The standard `fetch`, with the access token in `Authorization` for requests to the page's own origin, the issuer's or one
   * of `origins`. Renews the token if needed, and retries once after a 401.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Stops all timers and listeners. The user stays signed in. */
  dispose(): void;
}

/**
 * Creates the session of a page; one is enough. It asks the issuer at once for the user's status. Without a `document`, as on a
 * server, the status stays `"unknown"`: no request is sent and no timer is set until a method is called.
 *
 * @throws {@link SessionError} `ERR_OPTIONS_INVALID`; the message names the option.
 * @example
 * ```ts
 * const session = createSession({ issuer: "https://auth.example.com" });
 * session.subscribe(({ user }) => render(user));
 * const response = await session.fetch("/api/notes");
 * ```
 */
export function createSession(options: SessionOptions): Session {
  const settings = readOptions(options);
  const session = new PageSession(settings, browserEnvironment(options.fetch, options.now));
  if (isPage()) session.start();
  return {
    get state() {
      return session.published.current;
    },
    get user() {
      return session.published.current.user;
    },
    subscribe: (listener) => session.published.subscribe(listener),
    signIn: ({ username, password }) => session.signIn(username, password),
    signOut: () => session.signOut(),
    getAccessToken: () => session.getAccessToken(),
    fetch: (input, init) => session.fetch(input, init),
    dispose: () => session.dispose(),
  };
}
