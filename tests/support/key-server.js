/** A real HTTP server that publishes a key set and can be told to misbehave. */

import { createServer } from "node:http";

/** Serves `answer(request, response)`, which a test may replace; `requests` counts. */
export async function startKeyServer(answer) {
  const keyServer = { answer, requests: 0 };
  const server = createServer((request, response) => {
    keyServer.requests += 1;
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

/** Answers with these public keys. */
export function publish(...keys) {
  return (request, response) => {
    response.setHeader("content-type", "application/jwk-set+json").end(JSON.stringify({ keys }));
  };
}
