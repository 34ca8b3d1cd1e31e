/** The page of the site: it has a session, and shows who is signed in. */

import { createSession } from "hallpass/client";

const session = createSession({ issuer: location.origin });
const show = ({ status, user }) => (document.querySelector("#who").textContent = `${status} ${user?.username ?? ""}`);
session.subscribe(show);
show(session.state);
globalThis.session = session;
