/** What the issuer is asked over HTTP, and how its answers are read: with distrust, since a proxy may have written them. */

import type { Answer, Grant, Moment } from "./answer.js";
import { readRetryAfter } from "./retry-after.js";
import type { PageEvent, Surroundings } from "./surroundings.js";
import { within } from "./within.js";

/**
 * Milliseconds after which a request is given up: half the issuer's grace. Its promise, that a repeated refresh gets the
 * same answer again, rests on that.
 */
export const TIME_OUT = 15_000;

/** The issuer's sign-in, over HTTP. What it is asked never throws. */
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

  /** In the cookie transport the browser adds the token by itself. A page that is put away waits for no answer. */
  refresh(refreshToken: string | null): Promise<Answer> {
    return this.#post("/refresh", bodyOf(refreshToken), {}, "leave");
  }

  logout(refreshToken: string | null): Promise<Answer> {
    // It goes out even if the page closes meanwhile.
    return this.#post("/logout", bodyOf(refreshToken), { keepalive: true });
  }

  #post(path: string, body: object | undefined, options: RequestInit = {}, until?: PageEvent): Promise<Answer> {
    const request = this.#page.abort();
    const answer = this.#send(path, body, { ...options, signal: request.signal ?? null });
    return within(this.#page, TIME_OUT, answer, until).catch((cause: unknown) => {
      request.abort();
      return { kind: "failed", cause };
    });
  }

  async #send(path: string, body: object | undefined, options: RequestInit): Promise<Answer> {
    const { fetch } = this.#page;
    const sentAt = this.#page.now();
    const response = await fetch(this.#url + path, {
      method: "POST",
      credentials: this.#usesCookies ? "include" : "omit",
      cache: "no-store",
      redirect: "error",
      ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      ...options,
    });
    return read(response, sentAt);
  }
}

function bodyOf(refreshToken: string | null): object | undefined {
  return refreshToken === null ? undefined : { refresh_token: refreshToken };
}

/** An answer that is not the issuer's own, a proxy's page say, decides nothing; but a proxy, too, may ask a page to wait. */
async function read(response: Response, sentAt: Moment): Promise<Answer> {
  const { headers } = response;
  const answer = await readBody(response, sentAt).catch((cause: unknown): Answer => ({ kind: "failed", cause }));
  const retryAfter = readRetryAfter(headers.get("retry-after"), Date.parse(headers.get("date") ?? "") || sentAt.wall);
  return retryAfter === undefined || answer.kind === "granted" || answer.kind === "done" ? answer : { ...answer, retryAfter };
}

async function readBody(response: Response, sentAt: Moment): Promise<Answer> {
  const { status, headers } = response;
  if (status === 204) return { kind: "done" };
  if (status >= 500) throw new Error(`the issuer answered ${status}`);
  const body: unknown = await response.json();
  if (status === 200) return { kind: "granted", grant: readGrant(body, headers, sentAt) };
  const { error, error_description: description } = body as Record<string, unknown>;
  if (typeof error !== "string" || status < 400) throw new Error("the answer is not the issuer's");
  return { kind: "refused", status, code: error, description: String(description) };
}

function readGrant(body: unknown, headers: Headers, sentAt: Moment): Grant {
  const { access_token: token, expires_in: expiresIn, user, session, ...rest } = body as Record<string, unknown>;
  const { id, username } = user as Record<string, unknown>;
  const { id: sessionId, expires_at: expiresAt } = session as Record<string, unknown>;
  if (!isText(token) || !isText(id) || !isText(username) || !isText(sessionId) || !(Number(expiresIn) > 0)) {
    throw new Error("the answer is not the issuer's");
  }
  // What the issuer's clock is ahead of ours; not known where it is another origin, whose `Date` no page may read.
  const ahead = (Date.parse(headers.get("date") ?? "") - sentAt.wall) / 1000 || 0;
  const { refresh_token: refreshToken, device_token: deviceToken } = rest;
  return {
    pass: {
      token,
      expiresIn: Number(expiresIn),
      sentAt,
      user: { id, username },
      session: { id: sessionId, expiresAt: Number(expiresAt) - ahead },
    },
    ...(isText(refreshToken) && { refreshToken }),
    ...(isText(deviceToken) && { deviceToken }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
