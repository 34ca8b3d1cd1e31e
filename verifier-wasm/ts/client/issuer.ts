/** What the issuer is asked, and what its answers mean: granted, refused for good, or to be tried again. */

import type { Surroundings } from "./surroundings.js";

/**
 * Milliseconds after which a request is given up: half the issuer's grace. Its promise, that a repeated refresh gets the
 * same answer again, rests on that.
 */
export const TIME_OUT = 15_000;

/** Who is signed in. */
export interface User {
  readonly id: string;
  readonly username: string;
}

/** The session that they are signed in with. */
export interface SessionInfo {
  readonly id: string;
  /** When it ends without another renewal, in seconds since 1970 by this computer's clock, be that right or wrong. */
  readonly expiresAt: number;
}

/** What a sign-in or a renewal gave. */
export interface Pass {
  readonly token: string;
  /** How many seconds the token was good for when the request was sent, at least. */
  readonly expiresIn: number;
  /** When that was, on both of the page's clocks. */
  readonly sentAt: Moment;
  readonly user: User;
  readonly session: SessionInfo;
  readonly refreshToken?: string;
  readonly deviceToken?: string;
}

/** A moment on both clocks. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** What came of a request. */
export type Answer =
  | { readonly kind: "granted"; readonly pass: Pass }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly status: number; readonly code: string; readonly description: string; readonly retryAfter?: number }
  | { readonly kind: "failed"; readonly retryAfter?: number; readonly cause?: unknown };

/** The issuer's sign-in, over HTTP. */
export class Issuer {
  readonly #url: string;
  readonly #usesCookies: boolean;
  readonly #page: Surroundings;

  constructor(url: string, transport: "cookie" | "body", page: Surroundings) {
    this.#url = url;
    this.#usesCookies = transport === "cookie";
    this.#page = page;
  }

  login(username: string, password: string, deviceToken: string | null): Promise<Answer> {
    const own = this.#usesCookies ? {} : { transport: "body", ...(deviceToken !== null && { device_token: deviceToken }) };
    return this.#post("/login", { username, password, ...own });
  }

  /** In the cookie transport the browser adds the token by itself. */
  refresh(refreshToken: string | null): Promise<Answer> {
    return this.#post("/refresh", refreshToken === null ? undefined : { refresh_token: refreshToken });
  }

  logout(refreshToken: string | null): Promise<Answer> {
    // It goes out even if the page closes meanwhile.
    return this.#post("/logout", refreshToken === null ? undefined : { refresh_token: refreshToken }, { keepalive: true });
  }

  async #post(path: string, body: object | undefined, options: RequestInit = {}): Promise<Answer> {
    const { fetch, after } = this.#page;
    const sentAt = { monotonic: this.#page.monotonic(), wall: this.#page.wall() };
    const controller = new AbortController();
    const given = new Promise<Answer>((resolve) => {
      const giveUp = after(TIME_OUT, () => {
        controller.abort();
        resolve({ kind: "failed", cause: new Error("the issuer did not answer in time") });
      });
      fetch(this.#url + path, {
        method: "POST",
        credentials: this.#usesCookies ? "include" : "omit",
        cache: "no-store",
        redirect: "error",
        signal: controller.signal,
        ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
        ...options,
      })
        .then((response) => read(response, sentAt))
        .catch((cause: unknown): Answer => ({ kind: "failed", cause }))
        .then(resolve)
        .finally(giveUp);
    });
    return given;
  }
}

/** An answer that is not the issuer's own, a proxy's page say, decides nothing. */
async function read(response: Response, sentAt: Moment): Promise<Answer> {
  const { status, headers } = response;
  if (status === 204) return { kind: "done" };
  const wait = Number(headers.get("retry-after") ?? NaN);
  const retryAfter = wait > 0 ? { retryAfter: wait } : {};
  const body: unknown = await response.json();
  if (status === 200) return { kind: "granted", pass: readPass(body, headers, sentAt) };
  const { error, error_description: description } = body as Record<string, unknown>;
  if (typeof error === "string" && status >= 400 && status < 500) {
    return { kind: "refused", status, code: error, description: String(description), ...retryAfter };
  }
  return { kind: "failed", cause: new Error(`the issuer answered with the status ${status}`), ...retryAfter };
}

function readPass(body: unknown, headers: Headers, sentAt: Moment): Pass {
  const { access_token: token, expires_in: expiresIn, user, session, ...rest } = body as Record<string, unknown>;
  const { id, username } = user as Record<string, unknown>;
  const { id: sessionId, expires_at: expiresAt } = session as Record<string, unknown>;
  const texts = [token, id, username, sessionId].every((value) => typeof value === "string");
  if (!texts || typeof expiresIn !== "number" || typeof expiresAt !== "number") throw new Error("the issuer's answer is no pass");
  // What the issuer's clock is ahead of ours; not known where it is another origin, whose `Date` no page may read.
  const ahead = (Date.parse(headers.get("date") ?? "") - sentAt.wall) / 1000 || 0;
  return {
    token: token as string,
    expiresIn,
    sentAt,
    user: { id: id as string, username: username as string },
    session: { id: sessionId as string, expiresAt: expiresAt - ahead },
    ...(typeof rest["refresh_token"] === "string" && { refreshToken: rest["refresh_token"] }),
    ...(typeof rest["device_token"] === "string" && { deviceToken: rest["device_token"] }),
  };
}
