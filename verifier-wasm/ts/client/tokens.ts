/** What the body transport keeps: the refresh token and the device token. The cookie transport keeps nothing here. */

import type { Pass } from "./issuer.js";
import type { TokenStorage } from "./options.js";

/** The tokens of one issuer in a storage that other tabs may share. */
export class Tokens {
  readonly #storage: TokenStorage | undefined;
  readonly #refresh: string;
  readonly #device: string;

  /** Without a storage nothing is kept: the browser has it all in cookies. */
  constructor(storage: TokenStorage | undefined, issuer: string) {
    this.#storage = storage;
    this.#refresh = `hallpass:${issuer}:refresh_token`;
    this.#device = `hallpass:${issuer}:device_token`;
  }

  async refresh(): Promise<string | null> {
    return (await this.#storage?.getItem(this.#refresh)) ?? null;
  }

  async device(): Promise<string | null> {
    return (await this.#storage?.getItem(this.#device)) ?? null;
  }

  /** Keeps the tokens of a sign-in. */
  async begin({ refreshToken, deviceToken }: Pass): Promise<void> {
    if (refreshToken !== undefined) await this.#storage?.setItem(this.#refresh, refreshToken);
    if (deviceToken !== undefined) await this.#storage?.setItem(this.#device, deviceToken);
  }

  /**
   * Keeps what `presented` was traded for, unless another tab has gone on meanwhile: an older token in the place of a newer
   * one would look like a thief's.
   */
  async trade(presented: string | null, { refreshToken }: Pass): Promise<void> {
    if (refreshToken === undefined || (await this.refresh()) !== presented) return;
    await this.#storage?.setItem(this.#refresh, refreshToken);
  }

  /** Forgets the session; the device stays known. */
  async end(): Promise<void> {
    await this.#storage?.removeItem(this.#refresh);
  }
}
