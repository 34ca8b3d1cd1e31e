/** The issuer and the tokens that are kept: what is asked with them, and what becomes of them. */

import { isEnd, MISSING, type Answer } from "./answer.js";
import { Issuer, TIME_OUT } from "./issuer.js";
import type { Neighbours } from "./neighbours.js";
import type { Settings, TokenStorage } from "./options.js";
import { memory, type Surroundings } from "./surroundings.js";
import { Tokens } from "./tokens.js";
import { within } from "./within.js";

/** The exchange of credentials and tokens for tokens. */
export class Exchange {
  readonly tokens: Tokens;
  readonly #issuer: Issuer;
  readonly #transport: "cookie" | "body";
  readonly #neighbours: Neighbours;

  constructor({ issuer, transport, storage }: Settings, name: string, page: Surroundings, neighbours: Neighbours) {
    const given = storage && inTime(storage, page);
    this.tokens = new Tokens(transport === "body" ? (given ?? memory()) : undefined, page.marks, name);
    this.#issuer = new Issuer(issuer, transport, page);
    this.#transport = transport;
    this.#neighbours = neighbours;
  }

  login(username: string, password: string): Promise<Answer> {
    return this.#neighbours.requests("exclusive", async () => {
      // A storage that cannot be read keeps the user from nothing.
      const former = await this.tokens.refresh().catch(() => null);
      const device = await this.tokens.device().catch(() => null);
      const answer = await this.#issuer.login(username, password, device);
      if (answer.kind !== "granted") return answer;
      await this.tokens.begin(answer.grant);
      // In the cookie transport the issuer has ended the session that the new one replaces.
      if (former !== null) void this.#issuer.logout(former);
      return answer;
    });
  }

  /** A renewal, unless it is `overtaken` while it waits for other tabs, or a user signs out. */
  refresh(isOvertaken: () => boolean): Promise<Answer | undefined> {
    return this.#neighbours.inTurn(async () => {
      if (isOvertaken()) return undefined;
      return this.#neighbours.requests("shared", async () =>
        (await this.tokens.areEnding()) ? undefined : this.#present(isOvertaken),
      );
    });
  }

  /** Tells the issuer of a sign-out, unless another tab has done it, or a user has signed in there. */
  logout(): Promise<Answer | undefined> {
    return this.#neighbours.requests("shared", async () => {
      if (!(await this.tokens.areEnding())) return undefined;
      const presented = await this.tokens.refresh();
      const answer = await this.#issuer.logout(presented);
      if (answer.kind === "done") await this.tokens.end(presented);
      return answer;
    });
  }

  async #present(isOvertaken: () => boolean): Promise<Answer | undefined> {
    const presented = await this.tokens.refresh();
    if (isOvertaken()) return undefined;
    const isMissing = presented === null && this.#transport === "body";
    const answer = isMissing ? MISSING : await this.#issuer.refresh(presented);
    // A storage that takes no more keeps the token that was presented, for which the issuer gives the same again.
    if (answer.kind === "granted") await this.tokens.trade(presented, answer.grant).catch(() => {});
    // A user has signed in meanwhile: what was refused is a token of the past.
    if (isEnd(answer, this.#transport) && !(await this.tokens.drop(presented))) return this.#present(isOvertaken);
    return answer;
  }
}

/** The same storage, whose every call fails that is not answered in time: a page that waited on would never know who is there. */
function inTime(storage: TokenStorage, page: Surroundings): TokenStorage {
  const limit = <Outcome>(outcome: Outcome | PromiseLike<Outcome>) => within(page, TIME_OUT, outcome);
  return {
    getItem: (key) => limit(storage.getItem(key)),
    setItem: (key, value) => limit(storage.setItem(key, value)),
    removeItem: (key) => limit(storage.removeItem(key)),
  };
}
