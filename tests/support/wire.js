/** A wire between issuers and a server, which can be cut, or hang. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Lays a wire to a port, which ends with the test. Issuers connect to its `port`. */
export async function layWire(test, target) {
  const wire = { held: new Set(), state: "whole" };
  const server = createServer((near) => {
    if (wire.state === "cut") return near.destroy();
    const far = connect(target, "127.0.0.1");
    const pair = { near, far };
    wire.held.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on("data", (bytes) => wire.state !== "hangs" && to.write(bytes));
      // Whoever hangs up on a wire that hangs is not heard at the other end either.
      from.on("end", () => wire.state !== "hangs" && to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        if (to.destroyed) wire.held.delete(pair);
        else if (wire.state !== "hangs") to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  wire.port = server.address().port;
  const cut = () => {
    for (const { near, far } of wire.held) [near, far].forEach((end) => end.destroy());
  };
  test.after(() => {
    server.close();
    cut();
  });
  /** Takes new connections no more than it keeps the old. */
  wire.cut = () => {
    wire.state = "cut";
    cut();
  };
  /** Takes connections, and loses every byte. */
  wire.hang = () => (wire.state = "hangs");
  /** Is as it was; what hung is over. */
  wire.mend = () => {
    wire.state = "whole";
    cut();
  };
  return wire;
}
