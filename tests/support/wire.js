/** A proxy between issuers and a server, which can cut connections, or hang. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Starts a proxy to a port; it stops after the test. Issuers connect to its `port`. */
export async function layWire(test, target) {
  const wire = { held: new Set(), state: "whole" };
  const server = createServer((near) => {
    if (wire.state === "cut") return near.destroy();
    const far = connect(target, "127.0.0.1");
    const pair = { near, far };
    wire.held.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on("data", (bytes) => wire.state !== "hangs" && to.write(bytes));
      // While it hangs, the end of a connection is not forwarded either.
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
  /** Closes all connections and refuses new ones. */
  wire.cut = () => {
    wire.state = "cut";
    cut();
  };
  /** Accepts connections and drops every byte. */
  wire.hang = () => (wire.state = "hangs");
  /** Forwards again; hanging connections are closed. */
  wire.mend = () => {
    wire.state = "whole";
    cut();
  };
  return wire;
}

/** Opens a connection, sends these bytes, and reads until the server closes; returns `{ status, headers, body }`. */
export async function exchange(port, bytes) {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes, "latin1");
  let text = "";
  for await (const chunk of socket.setEncoding("latin1")) text += chunk;
  return readAnswer(text);
}

/** Parses the last response in a text: `{ status, headers, body }`; the status is 0 if there is none. */
export function readAnswer(text) {
  const begins = [...text.matchAll(/HTTP\/1\.1 \d{3} /g)].at(-1)?.index ?? 0;
  const [head, ...rest] = text.slice(begins).split("\r\n\r\n");
  const [first, ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => [line.split(":")[0].toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
  return { status: Number(first.split(" ")[1] ?? 0), headers, body: rest.join("\r\n\r\n") };
}
