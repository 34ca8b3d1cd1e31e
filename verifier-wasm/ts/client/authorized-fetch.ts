/** A `fetch` that adds the access token, to those alone whom it is meant for. */

import type { Pass, User } from "./answer.js";
import { SessionError } from "./error.js";
import { originOf } from "./origin.js";
import type { Surroundings } from "./surroundings.js";

/** Milliseconds between two renewals that a refused access token may cause: it may be refused for another reason than its age. */
const REFUSED_AGAIN = 10_000;

/** Where the token comes from. */
export interface PassSource {
  /** Who is signed in, as far as the page knows. */
  user(): User | null | undefined;
  /** What was granted last. */
  pass(): Pass | undefined;
  /** What is good for a request. */
  usablePass(): Promise<Pass | null>;
  renew(): Promise<void>;
}

/** The `fetch` of a session. */
export class AuthorizedFetch {
  readonly #page: Surroundings;
  readonly #origins: ReadonlySet<string | undefined>;
  readonly #source: PassSource;
  /** When a refused token last caused a renewal, and that renewal. */
  #refusedAt = -Infinity;
  #renewal: Promise<void> | undefined;

  constructor(page: Surroundings, origins: readonly string[], source: PassSource) {
    this.#page = page;
    this.#origins = new Set([...origins, page.origin]);
    this.#source = source;
  }

  /**
   * Sends a request with the token, and once more with another one where the answer is 401; never as another user. A body that
   * can be read only once is sent only once: a copy would hold all of it in memory.
   */
  async send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const { fetch } = this.#page;
    const user = this.#source.user();
    const request = new Request(input, init);
    const origin = originOf(request.url);
    const isMeant = origin !== undefined && this.#origins.has(origin) && !request.headers.has("authorization");
    const pass = isMeant ? await this.#source.usablePass() : null;
    if (pass === null) return fetch(request);
    if (user && user.id !== pass.user.id) throw new SessionError("ERR_SIGNED_OUT", "another user has signed in meanwhile");
    const canRepeat = isRepeatable(input, init);
    const response = await fetch(withToken(request, pass));
    const newer = response.status === 401 ? await this.#insteadOf(pass.token) : undefined;
    if (newer?.user.id !== pass.user.id || !canRepeat) return response;
    await response.body?.cancel();
    return fetch(withToken(new Request(input, init), newer));
  }

  /** Another than one whose token was refused, where there is one. */
  async #insteadOf(refused: string): Promise<Pass | undefined> {
    if (this.#source.pass()?.token === refused) {
      const now = this.#page.now().monotonic;
      if (now - this.#refusedAt >= REFUSED_AGAIN) {
        this.#refusedAt = now;
        this.#renewal = this.#source.renew();
      }
      // It may be under way for another request.
      await this.#renewal;
    }
    const pass = this.#source.pass();
    return pass?.token === refused ? undefined : pass;
  }
}

/** Whether the same request can be made again: not where its body is a stream, as that of a `Request` is. */
function isRepeatable(input: RequestInfo | URL, init: RequestInit | undefined): boolean {
  const body = init?.body;
  if (body) return typeof body !== "object" || !("getReader" in body || Symbol.asyncIterator in body);
  // Not every browser has the property `body`.
  return !(typeof input === "object" && "method" in input) || input.body === null || /^(GET|HEAD)$/.test(input.method);
}

function withToken(request: Request, { token }: Pass): Request {
  request.headers.set("authorization", `Bearer ${token}`);
  return request;
}
