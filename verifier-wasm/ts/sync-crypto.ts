/** The synchronous crypto of a runtime. `#sync-crypto` in `package.json` selects the file that provides it. */

import type { CheckedJwk } from "./public-key.js";

/** Whether a signature of one key is valid for the signed bytes. */
export type SyncCheck = (signed: Uint8Array, signature: Uint8Array) => boolean;

/** Makes the check of a key's signatures. Throws if the runtime rejects the key. */
export type ReadKey = (jwk: CheckedJwk) => SyncCheck;
