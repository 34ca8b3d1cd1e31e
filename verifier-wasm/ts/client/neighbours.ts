/** The page's other tabs: what they tell each other, and how they keep out of each other's way. */

import type { Pass } from "./answer.js";
import { TIME_OUT } from "./issuer.js";
import type { Channel, LockMode, Surroundings } from "./surroundings.js";

/** Milliseconds that a tab waits for another that is renewing. It saves a request; nothing depends on it. */
const PATIENCE = 2_000;

/**
 * What tabs tell each other: an access token, how long the issuer asks them to wait (until when by the wall clock, in
 * milliseconds), or that a session is over. A refresh token is not among it.
 */
export type Message =
  | { readonly type: "pass"; readonly pass: Pass }
  | { readonly type: "wait"; readonly until: number }
  | { readonly type: "over"; readonly session: string | undefined };

/** The tabs of one issuer. */
export class Neighbours {
  readonly #name: string;
  readonly #page: Surroundings;
  readonly #hear: (message: Message) => Promise<void>;
  #channel: Channel | undefined;

  constructor(name: string, page: Surroundings, hear: (message: Message) => Promise<void>) {
    this.#name = name;
    this.#page = page;
    this.#hear = hear;
  }

  join(): void {
    // Another version of this library may say what this one does not understand.
    this.#channel ??= this.#page.channel(this.#name, (message) => void this.#hearOnOwnClock(message as Message).catch(() => {}));
  }

  tell(message: Message): void {
    this.#channel?.post(message);
  }

  /** Runs a renewal when no other tab does, or after a while anyway. */
  inTurn<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    return this.#page.lock(`${this.#name}:renewal`, "exclusive", PATIENCE, task);
  }

  /**
   * Runs a request beside those of other tabs, or alone: the answer to one that began before a sign-in must not come after the
   * sign-in's, or the browser would put the former cookies in the place of the new ones. All are over by the time-out.
   */
  requests<Outcome>(mode: LockMode, task: () => Promise<Outcome>): Promise<Outcome> {
    return this.#page.lock(`${this.#name}:requests`, mode, TIME_OUT, task);
  }

  leave(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** The wall clock is the tabs' common one; each has a monotonic one of its own. */
  async #hearOnOwnClock(message: Message): Promise<void> {
    if (message.type !== "pass") return this.#hear(message);
    const now = this.#page.now();
    const { wall } = message.pass.sentAt;
    const monotonic = now.monotonic - Math.max(0, now.wall - wall);
    return this.#hear({ ...message, pass: { ...message.pass, sentAt: { wall, monotonic } } });
  }
}
