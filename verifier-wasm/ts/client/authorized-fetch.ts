/** A `fetch` that adds the access token, to those alone whom it is meant for. */

import type { Pass, User } from "./answer.js";
import { SessionError } from "./error.js";
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
  readonly #origins: ReadonlySet<string>;
  readonly #source: PassSource;
  /** When a refused token last caused a renewal. */
  #refusedAt = -Infinity;

  constructor(page: Surroundings, origins: ReadonlySet<string>, source: PassSource) {
    this.#page = page;
    this.#origins = origins;
    this.#source = source;
  }

  /** Sends a request with the token, and once more with another one where the answer is 401; never as another user. */
  async send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const { fetch } = this.#page;
    const user = this.#source.user();
    const request = new Request(input, init);
    const isMeant = this.#origins.has(new URL(request.url).origin) && !request.headers.has("authorization");
    const pass = isMeant ? await this.#source.usablePass() : null;
    if (pass === null) return fetch(request);
    if (user && user.id !== pass.user.id) throw new SessionError("ERR_SIGNED_OUT", "somebody else has signed in meanwhile");
    const again = request.clone();
    const response = await fetch(withToken(request, pass));
    const newer = response.status === 401 ? await this.#insteadOf(pass.token) : undefined;
    if (newer?.user.id !== pass.user.id) return response;
    await response.body?.cancel();
    return fetch(withToken(again, newer));
  }

  /** Another than one whose token was refused, where there is one. */
  async #insteadOf(refused: string): Promise<Pass | undefined> {
    if (this.#source.pass()?.token === refused) {
      const now = this.#page.monotonic();
      if (now - this.#refusedAt < REFUSED_AGAIN) return undefined;
      this.#refusedAt = now;
      await this.#source.renew();
    }
    const pass = this.#source.pass();
    return pass?.token === refused ? undefined : pass;
  }
}

function withToken(request: Request, { token }: Pass): Request {
  request.headers.set("authorization", `Bearer ${token}`);
  return request;
}
