/** A port of loopback for a server that must be told one. */

import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that systems give to outgoing connections and to servers that listen on port 0: those of other tests would take it. */
const [FIRST, LAST] = [15_000, 32_000];

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
