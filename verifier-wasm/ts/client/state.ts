/** The user's status, as the page publishes it. */

import type { SessionInfo, User } from "./answer.js";
import type { SessionError } from "./error.js";
import type { Cancel } from "./environment.js";

/**
 * The user's status; a new object after each change, and only then. `error` is the reason why the status is still unknown: the
 * issuer is unreachable or refused the request. The page retries automatically.
 */
export type SessionState =
  | { readonly status: "unknown"; readonly user: undefined; readonly session: undefined; readonly error?: SessionError }
  | { readonly status: "signed-in"; readonly user: User; readonly session: SessionInfo; readonly error?: undefined }
  | { readonly status: "signed-out"; readonly user: null; readonly session: null; readonly error?: undefined };

/** Called with the new state. */
export type Listener = (state: SessionState) => void;

/** Minimum seconds by which the end of a session must move to be published. */
const MIN_EXPIRY_CHANGE = 60;

const UNKNOWN = { status: "unknown", user: undefined, session: undefined } as const;
const SIGNED_OUT: SessionState = { status: "signed-out", user: null, session: null };

/** The state and its listeners. */
export class PublishedState {
  readonly #listeners = new Set<Listener>();
  #state: SessionState = UNKNOWN;

  get current(): SessionState {
    return this.#state;
  }

  subscribe(listener: Listener): Cancel {
    // The same function may be subscribed twice; each subscription ends separately.
    const entry: Listener = (state) => listener(state);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  signedIn(user: User, session: SessionInfo): void {
    const { user: known, session: current } = this.#state;
    const isSame = known?.id === user.id && known.username === user.username && current?.id === session.id;
    // Two readings of a clock differ a little; a renewal moves the end by more.
    if (isSame && Math.abs(current.expiresAt - session.expiresAt) < MIN_EXPIRY_CHANGE) return;
    this.#publish({ status: "signed-in", user, session });
  }

  signedOut(): void {
    if (this.#state.status !== "signed-out") this.#publish(SIGNED_OUT);
  }

  /** Publishes why the status is unknown. Once it is known, a failure changes nothing. */
  failed(error: SessionError): void {
    const { status, error: known } = this.#state;
    // Equal messages have equal codes.
    const isSame = known?.message === error.message && known.retryAfter === error.retryAfter;
    if (status === "unknown" && !isSame) this.#publish({ ...UNKNOWN, error });
  }

  close(): void {
    this.#listeners.clear();
  }

  /** Calls each listener in its own task: an exception of one affects neither the others nor the session. */
  #publish(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) void Promise.resolve().then(() => this.#listeners.has(listener) && listener(state));
  }
}
