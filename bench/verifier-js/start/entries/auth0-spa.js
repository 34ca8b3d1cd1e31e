/** The least that signs in and out, and has a token, with Auth0. */

import { Auth0Client } from "@auth0/auth0-spa-js";

globalThis.session = new Auth0Client({ domain: location.host, clientId: "page", useRefreshTokens: true });
