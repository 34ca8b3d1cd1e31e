/** A `fetch` that adds the access token, to those alone whom it is meant for. */

import type { Pass, User } from "./answer.js";
import { SessionError } from "./error.js";
import type { FetchFunction } from "../options.js";

/** Where the token comes from, and where it may go. */
export interface PassSource {
  readonly fetch: FetchFunction;
  readonly origins: ReadonlySet<string>;
  /** Who was signed in when the request was made, as far as the page knew. */
  readonly user: User | null | undefined;
  pass(): Promise<Pass | null>;
  /** Another than one whose token was refused, where there is one. */
  passInsteadOf(refused: string): Promise<Pass | null>;
}

/** Sends a request with the token, and once more with another one where the answer is 401; never as another user. */
export async function authorizedFetch(source: PassSource, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const isMeant = source.origins.has(new URL(request.url).origin) && !request.headers.has("authorization");
  const pass = isMeant ? await source.pass() : null;
  if (pass === null) return source.fetch(request);
  if (source.user && source.user.id !== pass.user.id) throw new SessionError("ERR_SIGNED_OUT", "somebody else has signed in meanwhile");
  const again = request.clone();
  const response = await source.fetch(withToken(request, pass));
  const newer = response.status === 401 ? await source.passInsteadOf(pass.token) : null;
  if (newer?.user.id !== pass.user.id) return response;
  await response.body?.cancel();
  return source.fetch(withToken(again, newer));
}

function withToken(request: Request, { token }: Pass): Request {
  request.headers.set("authorization", `Bearer ${token}`);
  return request;
}
