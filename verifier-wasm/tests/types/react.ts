/** Code with `useSession` that must compile and code that must not. It needs no types of React. */

import { createSession, type Session, type SessionInfo, type SessionState, type User } from "hallpass/client";
import { useSession } from "hallpass/react";
import type { Equal, True } from "./assert.js";

const session: Session = createSession({ issuer: "https://auth.example.com" });
const state = useSession(session);
export type State = True<Equal<typeof state, SessionState>>;
export const shown: [User, SessionInfo] | undefined = state.status === "signed-in" ? [state.user, state.session] : undefined;
// @ts-expect-error There may be no user.
state.user.username.length;
// @ts-expect-error It takes a session, not its options.
useSession({ issuer: "https://auth.example.com" });
