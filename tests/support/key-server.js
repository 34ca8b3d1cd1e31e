/** A real HTTP server that publishes a key set, and can simulate faults. */

import { createServer } from "node:http";

/** Serves `answer(request, response)`, which a test may replace; `requests` is their number, `headers` are those of the last one. */
export async function startKeyServer(answer) {
  const keyServer = { answer, requests: 0, headers: {} };
  const server = createServer((request, response) => {
    keyServer.requests += 1;
    keyServer.headers = request.headers;
    keyServer.answer(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  keyServer.url = `http://127.0.0.1:${server.address().port}/.well-known/jwks.json`;
  keyServer.stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return keyServer;
}

/** Responds with these public keys. */
export function publish(...keys) {
  return publishWith({}, ...keys);
}

/** Responds with these headers and public keys. */
export function publishWith(headers, ...keys) {
  return (request, response) => {
    response.writeHead(200, { "content-type": "application/jwk-set+json", ...headers }).end(JSON.stringify({ keys }));
  };
}

/** Responds as `publishWith`, with an `ETag`, and with a 304 to a client that has that version. */
export function publishVersion(etag, headers, ...keys) {
  const whole = publishWith({ etag, ...headers }, ...keys);
  return (request, response) => {
    if (request.headers["if-none-match"] === etag) response.writeHead(304, headers).end();
    else whole(request, response);
  };
}

/** Closes the connection. */
export const hangUp = (request) => request.socket.destroy();

/** Accepts the request and never responds. */
export const hang = () => {};
