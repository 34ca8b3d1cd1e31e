/** The least that signs in and out, and has a token, with Hallpass. */

import { createSession } from "hallpass/client";

globalThis.session = createSession({ issuer: location.origin });
