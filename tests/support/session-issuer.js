/** An issuer of a few lines for tests of the session client's small parts: what it answers to which path is the test's. */

import { createSession } from "hallpass/client";

export const ISSUER = "https://auth.example";

/** The JSON answer with a status. */
export const answer = (body, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });

export const refusal = (status, error, headers) => answer({ error, error_description: "so it is" }, status, headers);

/** What a sign-in or a renewal gives: the token says who it is, and how often there was one. */
export const grant = (token, { user = "ada", session = "s1", expires_in = 300, ...more } = {}) =>
  answer({ access_token: token, expires_in, user: { id: `id of ${user}`, username: user }, session: { id: session, expires_at: 2e9 }, ...more });

/** A session whose `fetch` is answered by `paths`, each a function of the request; `asked` is the list of what was asked. */
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

/** A storage that the test can look into. */
export function storageOf(entries = {}) {
  const kept = new Map(Object.entries(entries));
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
