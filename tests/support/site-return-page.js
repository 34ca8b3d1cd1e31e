/** The page of a site that keeps a record of its return from the back/forward cache, and of who is signed in. */

import { createSession } from "hallpass/client";

const session = createSession({ issuer: location.origin });
session.subscribe(({ status }) => localStorage.setItem("status", status));
addEventListener("pageshow", ({ persisted }) => localStorage.setItem("persisted", persisted));
globalThis.session = session;
