/** A free port for a server that needs one in its configuration. */

import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that systems use for outgoing connections and for servers on port 0: another test could take one of those. */
const FIRST = 15_000;
const LAST = 32_000;

/** A port that no server listens on. */
export async function freePort() {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    const server = createServer().listen(port, "127.0.0.1");
    const listens = await once(server, "listening").then(() => true, () => false);
    if (!listens) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
