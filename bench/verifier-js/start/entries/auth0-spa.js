/** The minimum to sign in and out, and to have a token, with Auth0. */

import { Auth0Client } from "@auth0/auth0-spa-js";

globalThis.session = new Auth0Client({ domain: location.host, clientId: "page", useRefreshTokens: true });
