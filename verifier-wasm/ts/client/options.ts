/** Reads the options of a session strictly. */

import type { FetchFunction } from "../options.js";
import { SessionError } from "./error.js";
import { originOf } from "./origin.js";

/**
 * The storage of the refresh token in the body transport: `localStorage`, `sessionStorage`, or an asynchronous one such as React
 * Native's.
 */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** Options of {@link createSession}. */
export interface SessionOptions {
  /** The issuer's public URL, such as `https://auth.example.com`; `location.origin` if the page is on the issuer's origin. */
  issuer: string | URL;
  /**
   * The transport of the refresh token: in a cookie that no script can read (the default), or in the body of requests, for pages
   * on a site other than the issuer's.
   */
  transport?: "cookie" | "body";
  /**
   * Body transport only: the storage of the refresh token. The default is the page's memory: a reload signs the user out.
   * Any script in the page can read the storage and steal the session: prefer cookies.
   */
  storage?: TokenStorage;
  /**
   * Additional origins to which {@link Session.fetch} sends the access token, besides the page's own and the issuer's:
   * `scheme://host[:port]`, with any scheme.
   */
  origins?: readonly string[];
  /** The standard `fetch`, or one that behaves like it. */
  fetch?: FetchFunction;
  /** Returns the time in seconds since 1970; the machine's clock by default. */
  now?: () => number;
}

/** The options with their defaults. */
export interface Settings {
  readonly issuer: string;
  readonly transport: "cookie" | "body";
  readonly storage: TokenStorage | undefined;
  readonly origins: readonly string[];
}

/** @throws {@link SessionError} `ERR_OPTIONS_INVALID`; the message names the option and its valid values. */
export function readOptions(options: SessionOptions): Settings {
  const { issuer, transport = "cookie", storage, origins = [], fetch, now, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`\`${unknown}\` is not an option`);
  const url = String(issuer);
  const origin = originOf(url);
  if (!origin || !/^https?:[^?#\s]+$/i.test(url)) throw invalid("`issuer` must be its URL, such as https://auth.example.com");
  if (transport !== "cookie" && transport !== "body") throw invalid('`transport` must be "cookie" or "body"');
  if (storage !== undefined && transport === "cookie") throw invalid("`storage` is for the body transport");
  for (const each of origins) {
    if (originOf(each) !== each) throw invalid("`origins` must be origins such as https://api.example.com or tauri://localhost");
  }
  const path = url.replace(/^.*?:\/\/[^/]*|\/$/g, "");
  return { issuer: origin + path, transport, storage, origins: [origin, ...origins] };
}

function invalid(message: string): SessionError {
  return new SessionError("ERR_OPTIONS_INVALID", message);
}
