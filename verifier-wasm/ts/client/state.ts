/** Who is signed in, as the page sees it. */

import type { SessionInfo, User } from "./answer.js";
import type { SessionError } from "./error.js";
import type { Undo } from "./surroundings.js";

/**
 * Who is signed in; a new object whenever that changes, and only then. `error` says why it is not known yet, once the issuer
 * could not be reached or refused to say; the page tries again by itself.
 */
export type SessionState =
  | { readonly status: "unknown"; readonly user: undefined; readonly session: undefined; readonly error?: SessionError }
  | { readonly status: "signed-in"; readonly user: User; readonly session: SessionInfo; readonly error?: undefined }
  | { readonly status: "signed-out"; readonly user: null; readonly session: null; readonly error?: undefined };

/** Called with the new state. */
export type Listener = (state: SessionState) => void;

/** Seconds by which the end of a session must move to be told. */
const MOVED = 60;

const UNKNOWN = { status: "unknown", user: undefined, session: undefined } as const;
const SIGNED_OUT: SessionState = { status: "signed-out", user: null, session: null };

/** The state, and who wants to hear of it. */
export class PublishedState {
  readonly #listeners = new Set<Listener>();
  #state: SessionState = UNKNOWN;

  get now(): SessionState {
    return this.#state;
  }

  subscribe(listener: Listener): Undo {
    // The same function may be given twice, and each gives back its own.
    const own: Listener = (state) => listener(state);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  signedIn(user: User, session: SessionInfo): void {
    const { user: known, session: current } = this.#state;
    const isSame = known?.id === user.id && known.username === user.username && current?.id === session.id;
    // A clock that is read twice differs a little; a renewal moves the end by more.
    if (isSame && Math.abs(current.expiresAt - session.expiresAt) < MOVED) return;
    this.#show({ status: "signed-in", user, session });
  }

  signedOut(): void {
    if (this.#state.status !== "signed-out") this.#show(SIGNED_OUT);
  }

  /** It is not known yet, for this reason; once it is, a failure changes nothing. */
  failed(error: SessionError): void {
    const { status, error: known } = this.#state;
    // The message holds the code, or tells which it is.
    const isSame = known?.message === error.message && known.retryAfter === error.retryAfter;
    if (status === "unknown" && !isSame) this.#show({ ...UNKNOWN, error });
  }

  close(): void {
    this.#listeners.clear();
  }

  /** Each in a task of its own: what one of them throws concerns neither the others nor the session. */
  #show(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) void Promise.resolve().then(() => this.#listeners.has(listener) && listener(state));
  }
}
