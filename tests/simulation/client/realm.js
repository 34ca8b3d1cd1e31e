/** The shared state of tabs: the cookies of a profile, or a storage. */

import { COOKIES } from "../../support/client.js";
import { Ledger } from "./ledger.js";

export class Realm {
  ledger = new Ledger();
  #cookies = new Map();

  /** `storage` is that of the body transport; with cookies there is none. */
  constructor(storage) {
    this.storage = storage;
    this.transport = storage === undefined ? "cookie" : "body";
  }

  cookieHeader() {
    return this.transport === "cookie" ? [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ") : "";
  }

  setCookies(headers) {
    if (this.transport !== "cookie") return;
    for (const header of headers) {
      const [pair] = header.split("; ");
      const at = pair.indexOf("=");
      if (/; Max-Age=0\b/.test(header)) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  /** The session whose refresh token is there to be presented. */
  current() {
    const token = this.storage === undefined
      ? this.#cookies.get(COOKIES.refresh)
      : [...this.storage.entries()].find(([key]) => key.endsWith(":refresh_token"))?.[1];
    return this.ledger.sessions.get(token);
  }
}

/** A storage as browsers have it, or one that answers with promises. */
export class Storage {
  #kept = new Map();

  constructor({ isAsync = false } = {}) {
    const wrap = (value) => (isAsync ? Promise.resolve(value) : value);
    this.getItem = (key) => wrap(this.#kept.get(key) ?? null);
    this.setItem = (key, value) => wrap(void this.#kept.set(key, String(value)));
    this.removeItem = (key) => wrap(void this.#kept.delete(key));
    this.entries = () => this.#kept.entries();
  }
}
