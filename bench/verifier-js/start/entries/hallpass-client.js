/** The minimum to sign in and out, and to have a token, with Hallpass. */

import { createSession } from "hallpass/client";

globalThis.session = createSession({ issuer: location.origin });
