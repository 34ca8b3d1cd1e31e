/** The options of a session, read strictly. */

import type { FetchFunction } from "../options.js";
import { SessionError } from "./error.js";
import { originOf } from "./origin.js";

/**
 * Where the refresh token lives in the body transport; `localStorage` and `sessionStorage` are such storages, and so are those
 * of React Native and its like, which answer with promises.
 */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** Options of {@link createSession}. */
export interface SessionOptions {
  /** The issuer's public URL, such as `https://auth.example.com`; on its own pages `location.origin`. */
  issuer: string | URL;
  /**
   * How the refresh token travels: in a cookie that no script can read (the default), or in the body of requests, for pages
   * that the issuer's cookies do not reach.
   */
  transport?: "cookie" | "body";
  /**
   * Body transport only: where the refresh token is kept; in the page's memory by default, so that a reload signs out.
   * Any script that runs in the page can read a storage, and take the session with it: prefer cookies.
   */
  storage?: TokenStorage;
  /**
   * The origins besides the page's own and the issuer's whose requests get the access token by {@link Session.fetch}:
   * `scheme://host[:port]`, of any scheme.
   */
  origins?: readonly string[];
  /** The standard `fetch`, or one that behaves like it. */
  fetch?: FetchFunction;
  /** Returns the time in seconds since 1970; the machine's clock by default. */
  now?: () => number;
}

/** The options as the session wants them. */
export interface Settings {
  readonly issuer: string;
  readonly transport: "cookie" | "body";
  readonly storage: TokenStorage | undefined;
  readonly origins: readonly string[];
}

/** @throws {@link SessionError} `ERR_OPTIONS_INVALID`; the message names the option and what it takes. */
export function readOptions(options: SessionOptions): Settings {
  const { issuer, transport = "cookie", storage, origins = [], fetch, now, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`\`${unknown}\` is no option of a session`);
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
