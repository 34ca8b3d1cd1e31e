/** The least that signs in and out, and has a token, with any provider of OpenID Connect. */

import { UserManager } from "oidc-client-ts";

globalThis.session = new UserManager({ authority: location.origin, client_id: "page", redirect_uri: location.href });
