/** A `fetch` that adds the access token, to those alone whom it is meant for. */

import type { FetchFunction } from "../options.js";

/** Where the token comes from, and where it may go. */
export interface TokenSource {
  readonly fetch: FetchFunction;
  readonly origins: ReadonlySet<string>;
  getAccessToken(): Promise<string | null>;
  /** Another token than one that was refused, where there is one. */
  tokenInsteadOf(refused: string): Promise<string | null>;
}

/** Sends a request with the token, and once more with another one where the answer is 401. */
export async function authorizedFetch(source: TokenSource, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const isMeant = source.origins.has(new URL(request.url).origin) && !request.headers.has("authorization");
  const token = isMeant ? await source.getAccessToken() : null;
  if (token === null) return source.fetch(request);
  const again = request.clone();
  const response = await source.fetch(withToken(request, token));
  const newer = response.status === 401 ? await source.tokenInsteadOf(token) : null;
  if (newer === null) return response;
  await response.body?.cancel();
  return source.fetch(withToken(again, newer));
}

function withToken(request: Request, token: string): Request {
  request.headers.set("authorization", `Bearer ${token}`);
  return request;
}
