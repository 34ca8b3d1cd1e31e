/** `hallpass/react`: a hook that shows who is signed in. It is the state of `hallpass/client`, as React 18 and 19 read it. */
"use client";

import { useSyncExternalStore } from "react";
import type { Session, SessionState } from "./client/index.js";

/** On a server, and where its HTML is hydrated, no user is known: what is rendered for one must not reach another. */
const UNKNOWN: SessionState = { status: "unknown", user: undefined, session: undefined };

/**
 * Who is signed in. The component renders again whenever that changes; all components of a render see the same state.
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
