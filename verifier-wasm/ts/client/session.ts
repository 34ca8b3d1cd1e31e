/** The session of a page: who is signed in, and an access token that is good whenever one is needed. */

import { errorOf, isEnd, unreachable, type Answer, type Pass, type User } from "./answer.js";
import { AuthorizedFetch } from "./authorized-fetch.js";
import { Backoff } from "./backoff.js";
import { Changes } from "./changes.js";
import { SessionError } from "./error.js";
import { Exchange, type SignOutOutcome } from "./exchange.js";
import { isGood, renewalIn } from "./lifetime.js";
import { Neighbours, type Message } from "./neighbours.js";
import type { Settings } from "./options.js";
import { PublishedState } from "./state.js";
import type { Surroundings, Undo } from "./surroundings.js";

/** Milliseconds after which a sign-out that the issuer has not heard of is tried again. */
const PENDING = 30_000;

/** Milliseconds between two renewals at least, however short the tokens live. */
const SHORTEST = 1_000;

/** The session of one page. */
export class PageSession {
  readonly published = new PublishedState();
  readonly #page: Surroundings;
  readonly #settings: Settings;
  readonly #neighbours: Neighbours;
  readonly #exchange: Exchange;
  readonly #backoff: Backoff;
  readonly #fetch: AuthorizedFetch;
  readonly #changes = new Changes();
  readonly #stopWaking: Undo;
  #pass: Pass | undefined;
  /** Counts whatever decides who is there: the answer to a renewal that began before is discarded. */
  #turn = 0;
  /** Sessions that are over. */
  readonly #over = new Set<string>();
  /** Whether only the issuer knows who is there. */
  #isInDoubt = true;
  /** The one renewal, or the one repeated sign-out, that is under way. */
  #upkeep: Promise<void> | undefined;
  #stopTimer: Undo = () => {};
  #isDisposed = false;

  constructor(settings: Settings, page: Surroundings) {
    const name = `hallpass:${settings.issuer}`;
    this.#page = page;
    this.#settings = settings;
    this.#backoff = new Backoff(page);
    this.#neighbours = new Neighbours(name, page, (message) => this.#hear(message));
    this.#exchange = new Exchange(settings, name, page, this.#neighbours);
    this.#fetch = new AuthorizedFetch(page, settings.origins, {
      user: () => this.published.now.user,
      pass: () => this.#pass,
      usablePass: () => this.#usablePass(),
      renew: () => this.#changes.settled().then(() => this.#tend()),
    });
    this.#stopWaking = page.onWake(() => this.#wake());
    void this.#tend();
  }

  signIn(username: string, password: string): Promise<User> {
    return this.#change(async () => {
      await this.#upkeep;
      const answer = await this.#exchange.login(username, password);
      // It may have been granted all the same, and only the browser knows the cookies.
      if (answer.kind === "failed") this.#isInDoubt = true;
      if (answer.kind !== "granted") throw errorOf(answer);
      this.#commit(answer.grant.pass);
      return answer.grant.pass.user;
    });
  }

  signOut(): Promise<SignOutOutcome> {
    return this.#change(async () => {
      const session = this.#pass?.session.id;
      // First, so that where the page is closed before the answer, the next one goes on with it.
      await this.#exchange.tokens.markEnding();
      await this.#upkeep;
      const outcome = await this.#exchange.logout().catch(() => "pending" as const);
      const isOvertaken = outcome === "overtaken";
      if (!isOvertaken || this.#pass?.session.id === session) this.#forget();
      this.#isInDoubt = isOvertaken;
      this.#neighbours.tell({ type: "over", session });
      if (outcome === "pending") this.#tendIn(PENDING);
      return isOvertaken ? "ended" : outcome;
    });
  }

  async getAccessToken(): Promise<string | null> {
    return (await this.#usablePass())?.token ?? null;
  }

  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return this.#fetch.send(input, init);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#stopTimer();
    this.#stopWaking();
    this.published.close();
    // The other tabs hear yet of a sign-out that is under way.
    void this.#changes.settled().then(() => this.#neighbours.leave());
  }

  async #usablePass(): Promise<Pass | null> {
    this.#assertInUse();
    await this.#changes.settled();
    // Nobody is asked for somebody who is known to be signed out.
    const isKnown = this.published.now.status === "signed-out" || this.#goodPass() !== undefined;
    if (this.#isInDoubt || !isKnown) await this.#tend();
    else if (this.#isDue()) void this.#tend();
    this.#assertInUse();
    if (this.published.now.status === "signed-out") return null;
    const pass = this.#goodPass();
    if (pass !== undefined) return pass;
    throw this.#backoff.error ?? unreachable();
  }

  #goodPass(): Pass | undefined {
    return this.#pass !== undefined && isGood(this.#pass, this.#page) ? this.#pass : undefined;
  }

  #isDue(): boolean {
    return this.#pass !== undefined && renewalIn(this.#pass, 0, this.#page) <= 0;
  }

  #assertInUse(): void {
    if (this.#isDisposed) throw new SessionError("ERR_DISPOSED", "this session was disposed of");
  }

  /** Signs in or out, one after the other. Both wait for what is under way, whose cookies could come after theirs. */
  async #change<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    this.#assertInUse();
    // Another tab may have said something meanwhile.
    return this.#changes.run(task, () => this.#isInDoubt && void this.#tend());
  }

  /** Does what there is to do, and one thing at a time: whoever asks meanwhile waits for the same. It never fails. */
  async #tend(): Promise<void> {
    if (this.#isDisposed || this.#changes.isUnderWay || this.#backoff.left > 0) return;
    this.#upkeep ??= this.#keepUp()
      .catch((cause: unknown) => this.#settle({ kind: "failed", cause }))
      .finally(() => (this.#upkeep = undefined));
    await this.#upkeep;
  }

  /** Tells the issuer of a sign-out that it has not heard of, or finds out who is there. */
  async #keepUp(): Promise<void> {
    if (!(await this.#exchange.tokens.areEnding())) return this.#renew();
    this.#forget();
    if ((await this.#exchange.logout()) === "pending") this.#tendIn(PENDING);
  }

  async #renew(): Promise<void> {
    const turn = this.#turn;
    const answer = await this.#exchange.refresh(() => this.#turn !== turn);
    if (this.#turn !== turn) return;
    // Somebody signs out.
    if (answer === undefined) return this.#keepUp();
    this.#settle(answer);
  }

  #settle(answer: Answer): void {
    if (answer.kind === "granted") return this.#commit(answer.grant.pass);
    if (this.#isDisposed) return;
    if (isEnd(answer, this.#settings.transport)) return this.#end();
    this.#backoff.failed(errorOf(answer));
    this.#tendIn(this.#backoff.left);
  }

  #commit(pass: Pass): void {
    if (this.#over.has(pass.session.id)) return;
    this.#neighbours.tell({ type: "pass", pass });
    this.#admit(pass);
  }

  #admit(pass: Pass): void {
    if (this.#isDisposed) return;
    this.#decide();
    this.#pass = pass;
    this.published.signedIn(pass.user, pass.session);
    this.#tendIn(Math.max(SHORTEST, renewalIn(pass, this.#page.random(), this.#page)));
  }

  /** The issuer says that the session is over. */
  #end(): void {
    const session = this.#pass?.session.id;
    this.#forget();
    if (session !== undefined) this.#neighbours.tell({ type: "over", session });
  }

  #forget(): void {
    if (this.#pass !== undefined) this.#over.add(this.#pass.session.id);
    this.#decide();
    this.#pass = undefined;
    this.#stopTimer();
    if (!this.#isDisposed) this.published.signedOut();
  }

  #decide(): void {
    this.#turn += 1;
    this.#isInDoubt = false;
    this.#backoff.succeeded();
  }

  /** What another tab says is believed of the session that we have; of any other the issuer is asked. */
  async #hear(message: Message): Promise<void> {
    if (this.#isDisposed) return;
    const session = message.type === "over" ? message.session : message.pass.session.id;
    const current = this.#pass;
    const isOurs = current !== undefined && session === current.session.id;
    if (message.type === "over") {
      if (session !== undefined) this.#over.add(session);
      if (isOurs) return this.#forget();
      if (current === undefined) return;
    } else {
      if (isOurs && message.pass.sentAt.wall > current.sentAt.wall) this.#admit(message.pass);
      if (isOurs || this.#over.has(message.pass.session.id)) return;
    }
    if (await this.#exchange.tokens.haveChanged()) await this.#ask();
  }

  /** Asks the issuer who is there, whatever it answers to a renewal that is under way. */
  async #ask(): Promise<void> {
    this.#turn += 1;
    this.#isInDoubt = true;
    await this.#upkeep;
    await this.#tend();
  }

  /** The page is seen again, or the network is there again: what failed may succeed, and the token may have run out. */
  #wake(): void {
    this.#backoff.cutShort();
    void this.#tendIfDue();
  }

  async #tendIfDue(): Promise<void> {
    if (this.#isInDoubt || this.#isDue() || (await this.#exchange.tokens.areEnding())) await this.#tend();
  }

  /** In a page that nobody sees nothing is renewed until somebody does, or a token is asked for. A sign-out is told. */
  #tendIn(milliseconds: number): void {
    this.#stopTimer();
    if (this.#isDisposed) return;
    this.#stopTimer = this.#page.after(milliseconds, async () => {
      if (this.#page.isVisible() || (await this.#exchange.tokens.areEnding())) await this.#tend();
    });
  }
}
