/** For runtimes whose crypto is asynchronous only: pages, workerd, edge runtimes. */

import type { ReadKey } from "./sync-crypto.js";

/** There is no check without a promise. */
export const readKey: ReadKey | undefined = undefined;
