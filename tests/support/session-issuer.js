/** A small fake issuer for tests of the session client: a test sets the response of each path. */

import { createSession } from "hallpass/client";

export const ISSUER = "https://auth.example";

/** A JSON response with a status. */
export const answer = (body, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });

export const refusal = (status, error, headers) => answer({ error, error_description: "refused" }, status, headers);

/** The response to a sign-in or a renewal. */
export const grant = (token, { user = "ada", session = "s1", expires_in = 300, ...more } = {}) =>
  answer({ access_token: token, expires_in, user: { id: `id of ${user}`, username: user }, session: { id: session, expires_at: 2e9 }, ...more });

/** A session whose requests go to `paths`, each a function of the request; `asked` is the list of requests. */
export function sessionWith(test, paths, options = {}) {
  const asked = [];
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    const { origin, pathname } = new URL(request.url);
    const path = origin === ISSUER ? pathname : request.url;
    asked.push({ path, authorization: request.headers.get("authorization"), body: await request.text() });
    return paths[path](request, asked.filter((other) => other.path === path).length);
  };
  const session = createSession({ issuer: ISSUER, fetch, ...options });
  test.after(() => session.dispose());
  return { session, asked };
}

/** A storage whose content the test can read. */
export function storageOf(entries = {}) {
  const kept = new Map(Object.entries(entries));
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
