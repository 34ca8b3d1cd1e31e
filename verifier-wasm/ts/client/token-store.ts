/** The persistent data of a page: the tokens (body transport only), and the mark of an unconfirmed sign-out. */

import type { TokenResponse } from "./answer.js";
import type { TokenStorage } from "./options.js";

/** The tokens of one issuer, in a storage that tabs may share. */
export class TokenStore {
  readonly #storage: TokenStorage | undefined;
  readonly #sharedStorage: TokenStorage;
  readonly #refresh: string;
  readonly #device: string;
  readonly #signOutKey: string;
  /** The refresh token that this page has read or written last. */
  #lastRead: string | null = null;
  /** The refresh token of a sign-in that the storage could not save: only this page has it. */
  #unsaved: string | undefined;
  /** Whether a sign-out is pending, if the storage could not write or remove the mark. */
  #isSigningOut: boolean | undefined;

  /** Without a `storage`, the tokens are in cookies, and the mark is in `sharedStorage`; all tabs share both. */
  constructor(storage: TokenStorage | undefined, sharedStorage: TokenStorage, name: string) {
    this.#storage = storage;
    this.#sharedStorage = storage ?? sharedStorage;
    this.#refresh = `${name}:refresh_token`;
    this.#device = `${name}:device_token`;
    this.#signOutKey = `${name}:ending`;
  }

  async refresh(): Promise<string | null> {
    return (this.#lastRead = await this.#read());
  }

  async device(): Promise<string | null> {
    return (await this.#storage?.getItem(this.#device)) ?? null;
  }

  /** Whether another tab may have replaced the refresh token. A page cannot read cookies, so with cookies always. */
  async hasChanged(): Promise<boolean> {
    return this.#storage === undefined || (await this.#read()) !== this.#lastRead;
  }

  /** Saves the tokens of a sign-in, which cancels a pending sign-out. */
  async saveLogin({ refreshToken, deviceToken }: TokenResponse): Promise<void> {
    this.#unsaved = undefined;
    if (refreshToken !== undefined && !(await succeeds(() => this.#write(refreshToken)))) {
      this.#unsaved = this.#lastRead = refreshToken;
      await succeeds(() => this.#storage?.removeItem(this.#refresh));
    }
    if (deviceToken !== undefined) await succeeds(() => this.#storage?.setItem(this.#device, deviceToken));
    await this.#clearSignOut();
  }

  /**
   * Saves the successor of `presented`, unless another tab has replaced the token meanwhile: the issuer would take an older token
   * for a stolen one.
   */
  async saveRefresh(presented: string | null, { refreshToken }: TokenResponse): Promise<void> {
    if (refreshToken === undefined || (await this.#read()) !== presented) return;
    if (this.#unsaved === undefined) await this.#write(refreshToken);
    else this.#unsaved = this.#lastRead = refreshToken;
  }

  /** Removes `presented`, whose session is over; the device token stays. Returns whether `presented` was still the current one. */
  async remove(presented: string | null): Promise<boolean> {
    if (this.#storage === undefined) return true;
    if ((await this.#read()) !== presented) return false;
    if (this.#unsaved === undefined) await succeeds(() => this.#storage?.removeItem(this.#refresh));
    this.#unsaved = undefined;
    this.#lastRead = null;
    return true;
  }

  /** Whether the issuer has not confirmed a sign-out yet: meanwhile no tab renews. */
  async isSigningOut(): Promise<boolean> {
    let mark: string | null | undefined;
    await succeeds(async () => (mark = await this.#sharedStorage.getItem(this.#signOutKey)));
    return this.#isSigningOut ?? typeof mark === "string";
  }

  async markSignOut(): Promise<void> {
    this.#isSigningOut = (await succeeds(() => this.#sharedStorage.setItem(this.#signOutKey, ""))) ? undefined : true;
  }

  /** The issuer has ended the session of `presented`. */
  async endSignOut(presented: string | null): Promise<void> {
    await this.remove(presented);
    await this.#clearSignOut();
  }

  async #read(): Promise<string | null> {
    return this.#unsaved ?? (await this.#storage?.getItem(this.#refresh)) ?? null;
  }

  async #write(refreshToken: string): Promise<void> {
    await this.#storage?.setItem(this.#refresh, refreshToken);
    this.#lastRead = refreshToken;
  }

  async #clearSignOut(): Promise<void> {
    this.#isSigningOut = (await succeeds(() => this.#sharedStorage.removeItem(this.#signOutKey))) ? undefined : false;
  }
}

/** Whether a storage operation succeeds: a full, forbidden or broken storage must not stop the user. */
async function succeeds(task: () => unknown): Promise<boolean> {
  try {
    await task();
    return true;
  } catch {
    return false;
  }
}
