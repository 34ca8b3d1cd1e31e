/** `hallpass/client`: who is signed in in a page, and an access token whenever one is needed. Plain TypeScript, no wasm. */

import type { User } from "./answer.js";
import { readOptions, type SessionOptions } from "./options.js";
import { PageSession, type SignOutOutcome } from "./session.js";
import type { Listener, SessionState } from "./state.js";
import { browserSurroundings, isPage } from "./surroundings.js";

export { SessionError, type SessionErrorCode } from "./error.js";
export type { SessionInfo, User } from "./answer.js";
export type { SessionOptions, TokenStorage } from "./options.js";
export type { SignOutOutcome } from "./session.js";
export type { SessionState } from "./state.js";

/** The session of a page. Reading it asks the issuer nothing. */
export interface Session {
  /** Who is signed in; a new object whenever that changes, and only then. */
  readonly state: SessionState;
  /** Who is signed in; `null`: no user; `undefined`: it is not known yet. */
  readonly user: User | null | undefined;
  /** Calls `listener` whenever the state changes, until the function that it returns is called. Nothing waits for it. */
  subscribe(listener: Listener): () => void;
  /**
   * Signs in. @throws {@link SessionError} `ERR_CREDENTIALS_INVALID`, `ERR_TOO_MANY_ATTEMPTS`, `ERR_ISSUER_UNREACHABLE`.
   *
   * @example
   * ```ts
   * const user = await session.signIn({ username: "exampleUser", password });
   * ```
   */
  signIn(credentials: { username: string; password: string }): Promise<User>;
  /**
   * Signs out, here and in the page's other tabs. `"pending"`: the issuer could not be reached; it is told as soon as it can
   * be, by the next page that is opened where this one is closed.
   */
  signOut(): Promise<SignOutOutcome>;
  /**
   * A token that is good for some seconds at least, renewed where it must be; `null` where no user is signed in.
   *
   * @throws {@link SessionError} `ERR_ISSUER_UNREACHABLE` where none can be had now; the session lives on.
   */
  getAccessToken(): Promise<string | null>;
  /**
   * As the standard `fetch`, with the access token in `Authorization` where the request goes to the page's own origin, the
   * issuer's or one of `origins`. Renews where it must, and tries once more where the answer is 401.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Ends its timers and listeners. It signs no user out. */
  dispose(): void;
}

/**
 * Makes the session of a page; one is enough. It finds out at once who is signed in. Without a `document`, as on a server, it
 * stays `"unknown"`, requests nothing and sets no timer until a method is called.
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
  const session = new PageSession(settings, browserSurroundings(options.fetch, options.now));
  if (isPage()) session.start();
  return {
    get state() {
      return session.published.now;
    },
    get user() {
      return session.published.now.user;
    },
    subscribe: (listener) => session.published.subscribe(listener),
    signIn: ({ username, password }) => session.signIn(username, password),
    signOut: () => session.signOut(),
    getAccessToken: () => session.getAccessToken(),
    fetch: (input, init) => session.fetch(input, init),
    dispose: () => session.dispose(),
  };
}
