/** Sends the stored tokens to the issuer, and stores the tokens of its responses. */

import { isEnd, MISSING, type Answer } from "./answer.js";
import { Issuer, TIMEOUT } from "./issuer.js";
import type { OtherTabs } from "./other-tabs.js";
import type { Settings, TokenStorage } from "./options.js";
import { memory, type Environment } from "./environment.js";
import { TokenStore } from "./token-store.js";
import { withTimeout } from "./with-timeout.js";

/** Exchanges credentials or a refresh token for new tokens. */
export class Exchange {
  readonly tokens: TokenStore;
  readonly #issuer: Issuer;
  readonly #transport: "cookie" | "body";
  readonly #otherTabs: OtherTabs;

  constructor({ issuer, transport, storage }: Settings, name: string, page: Environment, otherTabs: OtherTabs) {
    const limited = storage && withLimit(storage, page);
    this.tokens = new TokenStore(transport === "body" ? (limited ?? memory()) : undefined, page.sharedStorage, name);
    this.#issuer = new Issuer(issuer, transport, page);
    this.#transport = transport;
    this.#otherTabs = otherTabs;
  }

  login(username: string, password: string): Promise<Answer> {
    return this.#otherTabs.requests("exclusive", async () => {
      // A storage that cannot be read must not prevent a sign-in.
      const previous = await this.tokens.refresh().catch(() => null);
      const device = await this.tokens.device().catch(() => null);
      const answer = await this.#issuer.login(username, password, device);
      if (answer.kind !== "granted") return answer;
      await this.tokens.saveLogin(answer.tokens);
      // In the cookie transport, the issuer has already ended the replaced session.
      if (previous !== null) void this.#issuer.logout(previous);
      return answer;
    });
  }

  /** Renews, unless the renewal is superseded while it waits for other tabs, or a sign-out is pending. */
  refresh(isSuperseded: () => boolean): Promise<Answer | undefined> {
    return this.#otherTabs.renewAlone(async () => {
      if (isSuperseded()) return undefined;
      return this.#otherTabs.requests("shared", async () =>
        (await this.tokens.isSigningOut()) ? undefined : this.#refreshWithStoredToken(isSuperseded),
      );
    });
  }

  /** Sends a pending sign-out to the issuer, unless another tab has sent it or has signed a user in. */
  logout(): Promise<Answer | undefined> {
    return this.#otherTabs.requests("shared", async () => {
      if (!(await this.tokens.isSigningOut())) return undefined;
      const presented = await this.tokens.refresh();
      const answer = await this.#issuer.logout(presented);
      if (answer.kind === "done") await this.tokens.endSignOut(presented);
      return answer;
    });
  }

  async #refreshWithStoredToken(isSuperseded: () => boolean): Promise<Answer | undefined> {
    const presented = await this.tokens.refresh();
    if (isSuperseded()) return undefined;
    const isMissing = presented === null && this.#transport === "body";
    const answer = isMissing ? MISSING : await this.#issuer.refresh(presented);
    // A storage that cannot be written keeps the presented token. The issuer returns the same successor for it.
    if (answer.kind === "granted") await this.tokens.saveRefresh(presented, answer.tokens).catch(() => {});
    // A user has signed in meanwhile: the refused token is no longer the stored one.
    if (isEnd(answer, this.#transport) && !(await this.tokens.remove(presented))) return this.#refreshWithStoredToken(isSuperseded);
    return answer;
  }
}

/** The storage with a time limit per call: without it, a page could wait forever for the user's status. */
function withLimit(storage: TokenStorage, page: Environment): TokenStorage {
  const limit = <Outcome>(outcome: Outcome | PromiseLike<Outcome>) => withTimeout(page, TIMEOUT, outcome);
  return {
    getItem: (key) => limit(storage.getItem(key)),
    setItem: (key, value) => limit(storage.setItem(key, value)),
    removeItem: (key) => limit(storage.removeItem(key)),
  };
}
