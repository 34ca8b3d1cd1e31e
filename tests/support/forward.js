/** Forwards a request to an issuer on this machine, and its response back. */

import { request } from "node:http";

/** Forwards `incoming` to the issuer on that port, and the response to `outgoing`. */
export function forward(port, incoming, outgoing) {
  const { method, url: path, headers } = incoming;
  const forwarded = request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
    outgoing.writeHead(response.statusCode, response.headers);
    response.pipe(outgoing);
  });
  forwarded.on("error", () => outgoing.destroy());
  incoming.pipe(forwarded);
}
