/** A plain client of the issuer's HTTP API: fetch and cookies. */

import { credentials } from "./issuer.js";

/** The cookie names of an issuer on plain HTTP on a loopback host, as in most tests. */
export const COOKIES = { access: "hallpass_access", refresh: "hallpass_refresh", device: "hallpass_device" };

/** Posts `body` as JSON, or no body if it is undefined. */
export function post(url, body, headers = {}) {
  return fetch(url, {
    method: "POST",
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** Signs in as the example user; returns the response. */
export function login(issuer, more = {}, headers = {}) {
  return post(`${issuer.url}/login`, { ...credentials, ...more }, headers);
}

/** The cookies that a response sets, as a request header: `name=value; name=value`. */
export function cookieHeader(response) {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

/** The value of one cookie in such a header. */
export function cookieValue(header, name) {
  return header
    .split("; ")
    .find((cookie) => cookie.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

/** A token with one character of its signature changed. */
export function tampered(token) {
  const at = token.lastIndexOf(".") + 1;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
}

/** Waits so many milliseconds. */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until the log of an issuer has a matching line; returns the match. */
export async function logged(issuer, pattern) {
  for (const end = Date.now() + 60_000; ; await sleep(20)) {
    const found = pattern.exec(issuer.log());
    if (found) return found;
    if (Date.now() > end) throw new Error(`the log never had ${pattern}: ${issuer.log()}`);
  }
}
