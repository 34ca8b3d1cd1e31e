/** What outlives the page: in the body transport the tokens; and that a sign-out has begun which the issuer has not confirmed. */

import type { Grant } from "./answer.js";
import type { TokenStorage } from "./options.js";

/** The tokens of one issuer, in a storage that other tabs may share. */
export class Tokens {
  readonly #storage: TokenStorage | undefined;
  readonly #marks: TokenStorage;
  readonly #refresh: string;
  readonly #device: string;
  readonly #ending: string;
  /** The refresh token that this page has seen last. */
  #seen: string | null = null;
  /** The refresh token of a sign-in that the storage has not taken: the page alone has it. */
  #own: string | undefined;
  /** Whether a sign-out is under way, where the storage takes no mark, or does not give it up. */
  #isEnding: boolean | undefined;

  /** Without a `storage` the browser has the tokens in cookies, which all tabs share, as they do `marks`. */
  constructor(storage: TokenStorage | undefined, marks: TokenStorage, name: string) {
    this.#storage = storage;
    this.#marks = storage ?? marks;
    this.#refresh = `${name}:refresh_token`;
    this.#device = `${name}:device_token`;
    this.#ending = `${name}:ending`;
  }

  async refresh(): Promise<string | null> {
    return (this.#seen = await this.#read());
  }

  async device(): Promise<string | null> {
    return (await this.#storage?.getItem(this.#device)) ?? null;
  }

  /** Whether another tab has put another refresh token there; with cookies no page can tell, so perhaps. */
  async haveChanged(): Promise<boolean> {
    return this.#storage === undefined || (await this.#read()) !== this.#seen;
  }

  /** Keeps the tokens of a sign-in, which ends a sign-out that was under way. */
  async begin({ refreshToken, deviceToken }: Grant): Promise<void> {
    this.#own = undefined;
    if (refreshToken !== undefined && !(await does(() => this.#put(refreshToken)))) {
      this.#own = this.#seen = refreshToken;
      await does(() => this.#storage?.removeItem(this.#refresh));
    }
    if (deviceToken !== undefined) await does(() => this.#storage?.setItem(this.#device, deviceToken));
    await this.#unmark();
  }

  /**
   * Keeps what `presented` was traded for, unless another tab has gone on meanwhile: an older token in the place of a newer
   * one would look like a thief's.
   */
  async trade(presented: string | null, { refreshToken }: Grant): Promise<void> {
    if (refreshToken === undefined || (await this.#read()) !== presented) return;
    if (this.#own === undefined) await this.#put(refreshToken);
    else this.#own = this.#seen = refreshToken;
  }

  /** Forgets `presented`, whose session is over; the device stays known. Tells whether it was still the one to present. */
  async drop(presented: string | null): Promise<boolean> {
    if (this.#storage === undefined) return true;
    if ((await this.#read()) !== presented) return false;
    if (this.#own === undefined) await does(() => this.#storage?.removeItem(this.#refresh));
    this.#own = undefined;
    this.#seen = null;
    return true;
  }

  /** Whether a user signs out, and the issuer has not confirmed it: nothing is renewed then. */
  async areEnding(): Promise<boolean> {
    let mark: string | null | undefined;
    await does(async () => (mark = await this.#marks.getItem(this.#ending)));
    return this.#isEnding ?? typeof mark === "string";
  }

  async markEnding(): Promise<void> {
    this.#isEnding = (await does(() => this.#marks.setItem(this.#ending, ""))) ? undefined : true;
  }

  /** The issuer has ended the session of `presented`. */
  async end(presented: string | null): Promise<void> {
    await this.drop(presented);
    await this.#unmark();
  }

  async #read(): Promise<string | null> {
    return this.#own ?? (await this.#storage?.getItem(this.#refresh)) ?? null;
  }

  async #put(refreshToken: string): Promise<void> {
    await this.#storage?.setItem(this.#refresh, refreshToken);
    this.#seen = refreshToken;
  }

  async #unmark(): Promise<void> {
    this.#isEnding = (await does(() => this.#marks.removeItem(this.#ending))) ? undefined : false;
  }
}

/** Whether a storage did something: one that is full, forbidden or broken keeps the user from nothing. */
async function does(task: () => unknown): Promise<boolean> {
  try {
    await task();
    return true;
  } catch {
    return false;
  }
}
