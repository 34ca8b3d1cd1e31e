/** The page's other tabs: the messages between them, and the locks that coordinate them. */

import type { AccessToken } from "./answer.js";
import { TIMEOUT } from "./issuer.js";
import type { Channel, LockMode, Environment } from "./environment.js";

/** Maximum milliseconds that a tab waits for another tab's renewal. The wait only saves a request. */
const MAX_LOCK_WAIT = 2_000;

/**
 * A message between tabs: a new access token, the issuer's `Retry-After` (`until`, in milliseconds by the wall clock), or the end
 * of a session. It never contains a refresh token. Tabs of other versions use the same format, so it must not change.
 */
export type Message =
  | { readonly type: "pass"; readonly pass: AccessToken }
  | { readonly type: "wait"; readonly until: number }
  | { readonly type: "over"; readonly session: string | undefined };

/** The tabs of one issuer. */
export class OtherTabs {
  readonly #name: string;
  readonly #page: Environment;
  readonly #receive: (message: Message) => Promise<void>;
  #channel: Channel | undefined;

  constructor(name: string, page: Environment, receive: (message: Message) => Promise<void>) {
    this.#name = name;
    this.#page = page;
    this.#receive = receive;
  }

  join(): void {
    // Another version of this library may send messages that this one does not know.
    this.#channel ??= this.#page.channel(this.#name, (message) => void this.#receiveOnOwnClock(message as Message).catch(() => {}));
  }

  send(message: Message): void {
    this.#channel?.post(message);
  }

  /** Runs a renewal while no other tab renews, or after `MAX_LOCK_WAIT` anyway. */
  renewAlone<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    return this.#page.lock(`${this.#name}:renewal`, "exclusive", MAX_LOCK_WAIT, task);
  }

  /**
   * Runs a request, shared with those of other tabs or exclusive. A sign-in is exclusive: a response to an earlier request that
   * arrives later would make the browser replace the new cookies with old ones. No request outlasts the timeout.
   */
  requests<Outcome>(mode: LockMode, task: () => Promise<Outcome>): Promise<Outcome> {
    return this.#page.lock(`${this.#name}:requests`, mode, TIMEOUT, task);
  }

  leave(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Tabs share the wall clock; each has its own monotonic clock, so the time is converted. */
  async #receiveOnOwnClock(message: Message): Promise<void> {
    if (message.type !== "pass") return this.#receive(message);
    const now = this.#page.now();
    const { wall } = message.pass.sentAt;
    const monotonic = now.monotonic - Math.max(0, now.wall - wall);
    return this.#receive({ ...message, pass: { ...message.pass, sentAt: { wall, monotonic } } });
  }
}
