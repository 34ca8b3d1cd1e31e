/** The requests that the page makes, all to its own origin. The tokens' cookies are HttpOnly: the browser alone sees them. */

/** What an answer's JSON body may hold. */
interface Body {
  token?: string;
  renewed?: boolean;
  error?: string;
  error_description?: string;
}

/** One request and what became of it. */
export interface Exchange {
  request: string;
  /** The HTTP status; 0 where no answer came. */
  status: number;
  milliseconds: number;
  body: Body;
}

export function login(username: string, password: string): Promise<Exchange> {
  const body = JSON.stringify({ username, password });
  return exchange("POST", "/login", { headers: { "content-type": "application/json" }, body });
}

/** Trades the refresh cookie, if there is one, for a new pair; the body brings the access token. */
export function refresh(): Promise<Exchange> {
  return exchange("POST", "/refresh");
}

export function logout(): Promise<Exchange> {
  return exchange("POST", "/logout");
}

/** Calls the protected endpoint with the cookies, or with `token` alone. */
export function callProtectedEndpoint(token?: string): Promise<Exchange> {
  const init = token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
  return exchange("GET", "/api/protected-endpoint", init);
}

async function exchange(method: string, path: string, init: RequestInit = {}): Promise<Exchange> {
  const startedAt = performance.now();
  const done = (status: number, body: Body): Exchange =>
    ({ request: `${method} ${path}`, status, milliseconds: performance.now() - startedAt, body });
  try {
    const response = await fetch(path, { method, ...init });
    const text = await response.text();
    return done(response.status, text === "" ? {} : JSON.parse(text) as Body);
  } catch {
    return done(0, {});
  }
}
