/** The page of a site that records its return from the back/forward cache, and the user's status. */

import { createSession } from "hallpass/client";

const session = createSession({ issuer: location.origin });
session.subscribe(({ status }) => localStorage.setItem("status", status));
addEventListener("pageshow", ({ persisted }) => localStorage.setItem("persisted", persisted));
globalThis.session = session;
