/** The minimum to sign in and out, and to have a token, with Supabase. */

import { AuthClient } from "@supabase/auth-js";

globalThis.session = new AuthClient({ url: location.origin });
