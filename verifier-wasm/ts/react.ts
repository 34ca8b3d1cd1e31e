/** `hallpass/react`: a hook for React 18 and 19 that returns the state of `hallpass/client`. */
"use client";

import { useSyncExternalStore } from "react";
import type { Session, SessionState } from "./client/index.js";

/** The state on a server and during hydration: HTML that is rendered for one user must not reach another. */
const UNKNOWN: SessionState = { status: "unknown", user: undefined, session: undefined };

/**
 * The user's status. The component renders again after each change; all components of a render get the same state.
 *
 * @example
 * ```tsx
 * const session = createSession({ issuer: "https://auth.example.com" });
 *
 * function Greeting() {
 *   const { status, user } = useSession(session);
 *   return status === "signed-in" ? <p>Hello {user.username}</p> : null;
 * }
 * ```
 */
export function useSession(session: Session): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state, () => UNKNOWN);
}
