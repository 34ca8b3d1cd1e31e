/** The minimum to sign in and out, and to have a token, with any OpenID Connect provider. */

import { UserManager } from "oidc-client-ts";

globalThis.session = new UserManager({ authority: location.origin, client_id: "page", redirect_uri: location.href });
