/** The requests to the issuer, and its responses. A proxy may have written a response, so each one is checked. */

import type { Answer, TokenResponse, Moment } from "./answer.js";
import { readRetryAfter } from "./retry-after.js";
import type { PageEvent, Environment } from "./environment.js";
import { withTimeout } from "./with-timeout.js";

/**
 * Milliseconds after which a request is abandoned: half the issuer's grace, in which a repeated refresh returns the same
 * successor.
 */
export const TIMEOUT = 15_000;

/** The issuer, over HTTP. Its methods never throw. */
export class Issuer {
  readonly #url: string;
  readonly #usesCookies: boolean;
  readonly #page: Environment;

  constructor(url: string, transport: "cookie" | "body", page: Environment) {
    this.#url = url;
    this.#usesCookies = transport === "cookie";
    this.#page = page;
  }

  login(username: string, password: string, deviceToken: string | null): Promise<Answer> {
    const bodyTransport = this.#usesCookies ? {} : { transport: "body", ...(deviceToken !== null && { device_token: deviceToken }) };
    return this.#post("/login", { username, password, ...bodyTransport });
  }

  /** In the cookie transport, the browser adds the token. The request is aborted when the page is left. */
  refresh(refreshToken: string | null): Promise<Answer> {
    return this.#post("/refresh", bodyOf(refreshToken), {}, "leave");
  }

  logout(refreshToken: string | null): Promise<Answer> {
    // `keepalive`: the browser completes the request even if the page closes.
    return this.#post("/logout", bodyOf(refreshToken), { keepalive: true });
  }

  #post(path: string, body: object | undefined, options: RequestInit = {}, until?: PageEvent): Promise<Answer> {
    const request = this.#page.abort();
    const answer = this.#send(path, body, { ...options, signal: request.signal ?? null });
    return withTimeout(this.#page, TIMEOUT, answer, until).catch((cause: unknown) => {
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

/** A response that is not the issuer's, such as a proxy's page, counts as a failure; its `Retry-After` is respected. */
async function read(response: Response, sentAt: Moment): Promise<Answer> {
  const { headers } = response;
  const answer = await readBody(response, sentAt).catch((cause: unknown): Answer => ({ kind: "failed", cause }));
  const retryAfter = readRetryAfter(headers.get("retry-after"), Date.parse(headers.get("date") ?? "") || sentAt.wall);
  return retryAfter === undefined || answer.kind === "granted" || answer.kind === "done" ? answer : { ...answer, retryAfter };
}

async function readBody(response: Response, sentAt: Moment): Promise<Answer> {
  const { status, headers } = response;
  if (status === 204) return { kind: "done" };
  if (status >= 500) throw new Error(`status ${status}`);
  const body: unknown = await response.json();
  if (status === 200) return { kind: "granted", tokens: readTokenResponse(body, headers, sentAt) };
  const { error, error_description: description } = body as Record<string, unknown>;
  if (typeof error !== "string" || status < 400) throw new Error("not an issuer response");
  return { kind: "refused", status, code: error, description: String(description) };
}

function readTokenResponse(body: unknown, headers: Headers, sentAt: Moment): TokenResponse {
  const { access_token: token, expires_in: expiresIn, user, session, ...rest } = body as Record<string, unknown>;
  const { id, username } = user as Record<string, unknown>;
  const { id: sessionId, expires_at: expiresAt } = session as Record<string, unknown>;
  if (!isText(token) || !isText(id) || !isText(username) || !isText(sessionId) || !(Number(expiresIn) > 0)) {
    throw new Error("not an issuer response");
  }
  // The offset of the issuer's clock to ours; 0 for another origin, because a page may not read its `Date`.
  const ahead = (Date.parse(headers.get("date") ?? "") - sentAt.wall) / 1000 || 0;
  const { refresh_token: refreshToken, device_token: deviceToken } = rest;
  return {
    accessToken: {
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
