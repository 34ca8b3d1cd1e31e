/** The page of the site: it has a session, shows the signed-in user, and lets a test create more sessions. */

import { createSession } from "hallpass/client";

const session = createSession({ issuer: location.origin });
const show = ({ status, user }) => (document.querySelector("#who").textContent = `${status} ${user?.username ?? ""}`);
session.subscribe(show);
show(session.state);
Object.assign(globalThis, { session, createSession });
