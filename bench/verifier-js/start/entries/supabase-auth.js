/** The least that signs in and out, and has a token, with Supabase. */

import { AuthClient } from "@supabase/auth-js";

globalThis.session = new AuthClient({ url: location.origin });
