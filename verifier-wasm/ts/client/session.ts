/** The session of a page: who is signed in, and an access token that is good whenever one is needed. */

import { Agenda } from "./agenda.js";
import { errorOf, isEnd, unreachable, type Answer, type Pass, type User } from "./answer.js";
import { AuthorizedFetch } from "./authorized-fetch.js";
import { Changes } from "./changes.js";
import { SessionError } from "./error.js";
import { Exchange } from "./exchange.js";
import { cutShort, failed, failedElsewhere } from "./failure.js";
import { isGood, renewalAge } from "./lifetime.js";
import { Neighbours, type Message } from "./neighbours.js";
import type { Settings } from "./options.js";
import type { Standing } from "./schedule.js";
import { PublishedState } from "./state.js";
import type { Surroundings, Undo } from "./surroundings.js";

/** What came of a sign-out: the issuer has ended the session, or will be told as soon as it can be reached. */
export type SignOutOutcome = "ended" | "pending";

/** The session of one page. */
export class PageSession {
  readonly published = new PublishedState();
  readonly #page: Surroundings;
  readonly #settings: Settings;
  readonly #neighbours: Neighbours;
  readonly #exchange: Exchange;
  readonly #fetch: AuthorizedFetch;
  readonly #changes = new Changes();
  /** The sign-out that is under way or waits, and that no sign-in has followed: who asks again waits for the same. */
  #signOut: Promise<SignOutOutcome> | undefined;
  #stopListening: Undo[] = [];
  readonly #agenda: Agenda;
  /** Counts whatever decides who is there: the answer to a renewal that began before is discarded. */
  #turn = 0;
  /** Sessions that are over. */
  readonly #over = new Set<string>();
  /** The one renewal, or the one repeated sign-out, that is under way. */
  #upkeep: Promise<void> | undefined;

  constructor(settings: Settings, page: Surroundings) {
    const name = `hallpass:${settings.issuer}`;
    this.#page = page;
    this.#settings = settings;
    this.#agenda = new Agenda(page, () => void this.#tend());
    this.#neighbours = new Neighbours(name, page, (message) => this.#hear(message));
    this.#exchange = new Exchange(settings, name, page, this.#neighbours);
    this.#fetch = new AuthorizedFetch(page, settings.origins, {
      user: () => this.published.now.user,
      pass: () => this.#agenda.standing.pass,
      usablePass: () => this.#usablePass(),
      renew: () => this.#changes.settled().then(() => this.#tend()),
    });
  }

  /** Finds out who is there, and from now on does by itself what is due. Before that nothing is asked. */
  start(): void {
    const { on } = this.#page;
    this.#stopListening = [on("wake", () => void this.#wake()), on("leave", () => this.#leave())];
    this.#neighbours.join();
    this.#agenda.ring();
  }

  signIn(username: string, password: string): Promise<User> {
    this.#signOut = undefined;
    return this.#change(async () => {
      await this.#upkeep;
      const answer = await this.#exchange.login(username, password);
      // It may have been granted all the same, and only the browser knows the cookies.
      if (answer.kind === "failed") this.#agenda.become({ isInDoubt: true });
      if (answer.kind !== "granted") throw errorOf(answer);
      this.#commit(answer.grant.pass);
      return answer.grant.pass.user;
    });
  }

  signOut(): Promise<SignOutOutcome> {
    this.#signOut ??= this.#change(async () => {
      const session = this.#agenda.standing.pass?.session.id;
      // First, so that where the page is closed before the answer, the next one resumes it.
      await this.#exchange.tokens.markEnding();
      await this.#upkeep;
      const answer = await this.#logout();
      const isOvertaken = answer === undefined;
      if (!isOvertaken || this.#agenda.standing.pass?.session.id === session) this.#forget();
      this.#agenda.become({ isInDoubt: isOvertaken });
      this.#neighbours.tell({ type: "over", session });
      return this.#signedOut(answer);
    }).finally(() => (this.#signOut = undefined));
    return this.#signOut;
  }

  async getAccessToken(): Promise<string | null> {
    return (await this.#usablePass())?.token ?? null;
  }

  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return this.#fetch.send(input, init);
  }

  dispose(): void {
    this.#turn += 1;
    this.#agenda.become({ isDisposed: true });
    this.#stopListening.forEach((stop) => stop());
    this.published.close();
    // The other tabs hear yet of a sign-out that is under way.
    void this.#changes.settled().then(() => this.#neighbours.leave());
  }

  async #usablePass(): Promise<Pass | null> {
    this.#assertInUse();
    await this.#changes.settled();
    // Looked at once: it must not expire between two looks. The issuer is not asked again for a user who is known to be signed out.
    const known = this.#agenda.goodPass;
    if (!this.#agenda.standing.isInDoubt && (known || this.published.now.status === "signed-out")) {
      if (this.#agenda.isRenewalDue) void this.#tend();
      return known ?? null;
    }
    await this.#tend();
    this.#assertInUse();
    if (this.published.now.status === "signed-out") return null;
    const pass = this.#agenda.goodPass;
    if (pass !== undefined) return pass;
    throw this.#agenda.standing.failure?.error ?? unreachable();
  }

  #assertInUse(): void {
    if (this.#agenda.standing.isDisposed) throw new SessionError("ERR_DISPOSED", "this session was disposed of");
  }

  /** Signs in or out, one after the other. Both wait for what is under way, whose cookies could come after theirs. */
  async #change<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    this.#assertInUse();
    return this.#changes.run(async () => {
      this.#agenda.become({ isChanging: true });
      try {
        return await task();
      } finally {
        this.#agenda.become({ isChanging: false });
      }
    });
  }

  /** Does what there is to do, and one thing at a time: who asks meanwhile waits for the same. It never fails. */
  async #tend(): Promise<void> {
    const { isDisposed, isAway, isChanging } = this.#agenda.standing;
    if (isDisposed || isAway || isChanging || this.#agenda.mustWait) return;
    this.#upkeep ??= this.#runUpkeep();
    await this.#upkeep;
  }

  async #runUpkeep(): Promise<void> {
    this.#agenda.become({ isRenewing: true });
    await this.#keepUp().catch((cause: unknown) => this.#putOff({ kind: "failed", cause }));
    this.#upkeep = undefined;
    this.#agenda.become({ isRenewing: false });
  }

  /** Tells the issuer of a sign-out that it has not heard of, or finds out who is there. */
  async #keepUp(): Promise<void> {
    if (!(await this.#exchange.tokens.areEnding())) return this.#renew();
    this.#forget();
    this.#signedOut(await this.#logout());
  }

  async #renew(): Promise<void> {
    const turn = this.#turn;
    const isOvertaken = () => this.#turn !== turn || this.#agenda.mustWait;
    const answer = await this.#exchange.refresh(isOvertaken);
    // What was decided meanwhile stands, but the issuer may ask for a wait all the same.
    if (this.#turn !== turn) return answer && "retryAfter" in answer ? this.#putOff(answer) : undefined;
    if (answer !== undefined) this.#settle(answer);
    // A user signs out in another tab, unless another tab was told to wait.
    else if (!this.#agenda.mustWait) await this.#keepUp();
  }

  async #logout(): Promise<Answer | undefined> {
    return this.#exchange.logout().catch((cause: unknown) => ({ kind: "failed", cause }));
  }

  /** What came of a sign-out; nothing where another tab has done it. */
  #signedOut(answer: Answer | undefined): SignOutOutcome {
    const isPending = answer !== undefined && answer.kind !== "done";
    this.#agenda.become({ isEnding: isPending });
    if (isPending) this.#putOff(answer);
    else if (answer) this.#recovered();
    return isPending ? "pending" : "ended";
  }

  #settle(answer: Answer): void {
    if (answer.kind === "granted") this.#commit(answer.grant.pass);
    else if (isEnd(answer, this.#settings.transport)) this.#end();
    else this.#putOff(answer);
  }

  /** The issuer did not do what it was asked: it is asked again, later. Where it says when, that holds for the other tabs too. */
  #putOff(answer: Answer): void {
    const error = errorOf(answer);
    const failure = failed(this.#agenda.standing.failure, error, this.#page);
    this.#agenda.become({ failure });
    this.published.failed(error);
    if (error.retryAfter !== undefined) this.#neighbours.tell({ type: "wait", until: failure.at.wall + failure.wait });
  }

  #commit(pass: Pass): void {
    // The issuer grants what it has ended: its answer to an older request, or a mistake. Later it knows better.
    if (this.#over.has(pass.session.id)) return this.#putOff({ kind: "failed" });
    this.#neighbours.tell({ type: "pass", pass });
    this.#admit(pass);
  }

  #admit(pass: Pass): void {
    if (this.#agenda.standing.isDisposed) return;
    this.#decide({ pass, renewalAge: renewalAge(pass, this.#page.random(), this.#page.now()), failure: undefined });
    this.published.signedIn(pass.user, pass.session);
  }

  /** The issuer did what it was asked. A wait that it asked for holds all the same: perhaps only another tab was told. */
  #recovered(): void {
    this.#agenda.become({ failure: cutShort(this.#agenda.standing.failure) });
  }

  /** The issuer says that the session is over. */
  #end(): void {
    const session = this.#agenda.standing.pass?.session.id;
    this.#forget();
    this.#recovered();
    if (session !== undefined) this.#neighbours.tell({ type: "over", session });
  }

  #forget(): void {
    const { pass, isDisposed } = this.#agenda.standing;
    if (pass !== undefined) this.#over.add(pass.session.id);
    this.#decide({ pass: undefined });
    if (!isDisposed) this.published.signedOut();
  }

  #decide(change: Partial<Standing>): void {
    this.#turn += 1;
    this.#agenda.become({ isInDoubt: false, isEnding: false, ...change });
  }

  /** What another tab says is believed of the session that we have; of any other the issuer is asked. */
  async #hear(message: Message): Promise<void> {
    if (this.#agenda.standing.isDisposed) return;
    if (message.type === "wait") return this.#hearWait(message.until);
    const session = message.type === "over" ? message.session : message.pass.session.id;
    const current = this.#agenda.standing.pass;
    const isOurs = current !== undefined && session === current.session.id;
    if (message.type === "over") {
      if (session !== undefined) this.#over.add(session);
      if (isOurs) return this.#forget();
      if (current === undefined) return;
    } else {
      const isNewer = isOurs && message.pass.sentAt.wall > current.sentAt.wall;
      if (isNewer && isGood(message.pass, this.#page.now())) this.#admit(message.pass);
      if (isOurs || this.#over.has(message.pass.session.id)) return;
    }
    if (await this.#exchange.tokens.haveChanged()) await this.#ask();
  }

  #hearWait(until: number): void {
    const now = this.#page.now();
    const wait = until - now.wall;
    if (!(wait > 0)) return;
    const failure = failedElsewhere(this.#agenda.standing.failure, unreachable({ retryAfter: Math.ceil(wait / 1000) }), wait, now);
    this.#agenda.become({ failure });
    this.published.failed(failure.error);
  }

  /** Asks the issuer who is there, whatever it answers to a renewal that is under way. */
  async #ask(): Promise<void> {
    this.#turn += 1;
    this.#agenda.become({ isInDoubt: true });
    await this.#upkeep;
    await this.#tend();
  }

  /**
   * The page is seen again, or the network is there again: what failed may succeed, and the token may have expired. What other
   * tabs said while the page was put away it has not heard: it asks the issuer.
   */
  async #wake(): Promise<void> {
    const { isAway, isInDoubt, failure } = this.#agenda.standing;
    this.#neighbours.join();
    this.#agenda.become({ isAway: false, isInDoubt: isInDoubt || isAway, failure: cutShort(failure) });
    if (await this.#exchange.tokens.areEnding()) this.#agenda.become({ isEnding: true });
    this.#agenda.ring();
  }

  /** In a page with an open channel, a lock or a timer a browser may not keep it for a return. */
  #leave(): void {
    this.#turn += 1;
    this.#agenda.become({ isAway: true });
    // A sign-in or sign-out that is under way is told to the other tabs.
    if (!this.#agenda.standing.isChanging) this.#neighbours.leave();
  }
}
