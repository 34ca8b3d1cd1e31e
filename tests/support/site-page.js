/** The page of the site: it has a session, shows who is signed in, and lets a test make more sessions. */

import { createSession } from "hallpass/client";

const session = createSession({ issuer: location.origin });
const show = ({ status, user }) => (document.querySelector("#who").textContent = `${status} ${user?.username ?? ""}`);
session.subscribe(show);
show(session.state);
Object.assign(globalThis, { session, createSession });
