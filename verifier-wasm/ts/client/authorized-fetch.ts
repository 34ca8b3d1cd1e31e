/** A `fetch` that adds the access token to requests for trusted origins only. */

import type { AccessToken, User } from "./answer.js";
import { SessionError } from "./error.js";
import { originOf } from "./origin.js";
import type { Environment } from "./environment.js";

/** Minimum milliseconds between two renewals after a 401: a service may reject a token for another reason than its age. */
const MIN_REFUSAL_INTERVAL = 10_000;

/** The source of the access token. */
export interface AccessTokenSource {
  /** The signed-in user, as far as the page knows. */
  user(): User | null | undefined;
  /** The token that was granted last, valid or not. */
  latest(): AccessToken | undefined;
  /** A token that is valid for a request. */
  usable(): Promise<AccessToken | null>;
  renew(): Promise<void>;
}

/** The `fetch` of a session. */
export class AuthorizedFetch {
  readonly #page: Environment;
  readonly #origins: ReadonlySet<string | undefined>;
  readonly #source: AccessTokenSource;
  /** When a 401 last caused a renewal, and that renewal. */
  #refusedAt = -Infinity;
  #renewal: Promise<void> | undefined;

  constructor(page: Environment, origins: readonly string[], source: AccessTokenSource) {
    this.#page = page;
    this.#origins = new Set([...origins, page.origin]);
    this.#source = source;
  }

  /**
   * Sends a request with the token. After a 401 it sends the request a second time with a newer token of the same user. A body
   * that can be read only once is sent only once: a copy would hold all of it in memory.
   */
  async send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const { fetch } = this.#page;
    const user = this.#source.user();
    const request = new Request(input, init);
    const origin = originOf(request.url);
    const isForToken = origin !== undefined && this.#origins.has(origin) && !request.headers.has("authorization");
    const accessToken = isForToken ? await this.#source.usable() : null;
    if (accessToken === null) return fetch(request);
    if (user && user.id !== accessToken.user.id) throw new SessionError("ERR_SIGNED_OUT", "another user has signed in");
    const canRepeat = isRepeatable(input, init);
    const response = await fetch(withToken(request, accessToken));
    const newer = response.status === 401 ? await this.#tokenAfterRefusal(accessToken.token) : undefined;
    if (newer?.user.id !== accessToken.user.id || !canRepeat) return response;
    await response.body?.cancel();
    return fetch(withToken(new Request(input, init), newer));
  }

  /** A token other than the rejected one, after a renewal if needed. */
  async #tokenAfterRefusal(refusedToken: string): Promise<AccessToken | undefined> {
    if (this.#source.latest()?.token === refusedToken) {
      const now = this.#page.now().monotonic;
      if (now - this.#refusedAt >= MIN_REFUSAL_INTERVAL) {
        this.#refusedAt = now;
        this.#renewal = this.#source.renew();
      }
      // Another request may have started it.
      await this.#renewal;
    }
    const accessToken = this.#source.latest();
    return accessToken?.token === refusedToken ? undefined : accessToken;
  }
}

/** Whether the request can be sent twice. The body of a `Request` is a stream, and a stream cannot. */
function isRepeatable(input: RequestInfo | URL, init: RequestInit | undefined): boolean {
  const body = init?.body;
  if (body) return typeof body !== "object" || !("getReader" in body || Symbol.asyncIterator in body);
  // Some browsers lack the property `body`.
  return !(typeof input === "object" && "method" in input) || input.body === null || /^(GET|HEAD)$/.test(input.method);
}

function withToken(request: Request, { token }: AccessToken): Request {
  request.headers.set("authorization", `Bearer ${token}`);
  return request;
}
