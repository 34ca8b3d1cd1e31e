/** The session of a page: decides the user's status, and provides a valid access token on demand. */

import { Agenda } from "./agenda.js";
import { errorOf, isEnd, unreachable, type Answer, type AccessToken, type User } from "./answer.js";
import { AuthorizedFetch } from "./authorized-fetch.js";
import { TaskQueue } from "./task-queue.js";
import { SessionError } from "./error.js";
import { Exchange } from "./exchange.js";
import { withoutWait, nextFailure, failureOfOtherTab } from "./failure.js";
import { isUsable, renewalAge } from "./lifetime.js";
import { OtherTabs, type Message } from "./other-tabs.js";
import type { Settings } from "./options.js";
import type { PageState } from "./schedule.js";
import { PublishedState } from "./state.js";
import type { Environment, Cancel } from "./environment.js";

/** The result of a sign-out: the issuer has ended the session, or the page repeats the request until it has. */
export type SignOutOutcome = "ended" | "pending";

/** The session of one page. */
export class PageSession {
  readonly published = new PublishedState();
  readonly #page: Environment;
  readonly #settings: Settings;
  readonly #otherTabs: OtherTabs;
  readonly #exchange: Exchange;
  readonly #fetch: AuthorizedFetch;
  readonly #changes = new TaskQueue();
  /** The running or queued sign-out that no sign-in has followed. A second call returns the same promise. */
  #signOut: Promise<SignOutOutcome> | undefined;
  #stopListening: Cancel[] = [];
  readonly #agenda: Agenda;
  /** Increases with each decision about the user's status: the response to a renewal that began earlier is discarded. */
  #version = 0;
  /** The ids of ended sessions. */
  readonly #endedSessions = new Set<string>();
  /** The one running renewal or repeated sign-out. */
  #running: Promise<void> | undefined;

  constructor(settings: Settings, page: Environment) {
    const name = `hallpass:${settings.issuer}`;
    this.#page = page;
    this.#settings = settings;
    this.#agenda = new Agenda(page, () => void this.#runDueTask());
    this.#otherTabs = new OtherTabs(name, page, (message) => this.#receive(message));
    this.#exchange = new Exchange(settings, name, page, this.#otherTabs);
    this.#fetch = new AuthorizedFetch(page, settings.origins, {
      user: () => this.published.current.user,
      latest: () => this.#agenda.state.accessToken,
      usable: () => this.#usableToken(),
      renew: () => this.#changes.settled().then(() => this.#runDueTask()),
    });
  }

  /** Asks for the user's status, and runs due tasks from now on. Before that, no request is sent. */
  start(): void {
    const { on } = this.#page;
    this.#stopListening = [on("wake", () => void this.#wake()), on("leave", () => this.#leave())];
    this.#otherTabs.join();
    this.#agenda.runDue();
  }

  signIn(username: string, password: string): Promise<User> {
    this.#signOut = undefined;
    return this.#change(async () => {
      await this.#running;
      const answer = await this.#exchange.login(username, password);
      // The issuer may have granted it, and a page cannot read the cookies.
      if (answer.kind === "failed") this.#agenda.update({ isUnknown: true });
      if (answer.kind !== "granted") throw errorOf(answer);
      this.#accept(answer.tokens.accessToken);
      return answer.tokens.accessToken.user;
    });
  }

  signOut(): Promise<SignOutOutcome> {
    this.#signOut ??= this.#change(async () => {
      const session = this.#agenda.state.accessToken?.session.id;
      // First: if the page is closed before the response, the next page repeats the sign-out.
      await this.#exchange.tokens.markSignOut();
      await this.#running;
      const answer = await this.#logout();
      const isSuperseded = answer === undefined;
      if (!isSuperseded || this.#agenda.state.accessToken?.session.id === session) this.#clearUser();
      this.#agenda.update({ isUnknown: isSuperseded });
      this.#otherTabs.send({ type: "over", session });
      return this.#signedOut(answer);
    }).finally(() => (this.#signOut = undefined));
    return this.#signOut;
  }

  async getAccessToken(): Promise<string | null> {
    return (await this.#usableToken())?.token ?? null;
  }

  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return this.#fetch.send(input, init);
  }

  dispose(): void {
    this.#version += 1;
    this.#agenda.update({ isDisposed: true });
    this.#stopListening.forEach((stop) => stop());
    this.published.close();
    // A running sign-out still sends its message to the other tabs.
    void this.#changes.settled().then(() => this.#otherTabs.leave());
  }

  async #usableToken(): Promise<AccessToken | null> {
    this.#assertNotDisposed();
    await this.#changes.settled();
    // Read once: the token must not expire between two reads. For a user known to be signed out, no request is sent.
    const known = this.#agenda.usableToken;
    if (!this.#agenda.state.isUnknown && (known || this.published.current.status === "signed-out")) {
      if (this.#agenda.isRenewalDue) void this.#runDueTask();
      return known ?? null;
    }
    await this.#runDueTask();
    this.#assertNotDisposed();
    if (this.published.current.status === "signed-out") return null;
    const accessToken = this.#agenda.usableToken;
    if (accessToken !== undefined) return accessToken;
    throw this.#agenda.state.failure?.error ?? unreachable();
  }

  #assertNotDisposed(): void {
    if (this.#agenda.state.isDisposed) throw new SessionError("ERR_DISPOSED", "the session is disposed");
  }

  /** Runs a sign-in or a sign-out after earlier ones. Both wait for running requests, which could set older cookies later. */
  async #change<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    this.#assertNotDisposed();
    return this.#changes.run(async () => {
      this.#agenda.update({ isChanging: true });
      try {
        return await task();
      } finally {
        this.#agenda.update({ isChanging: false });
      }
    });
  }

  /** Runs the due task, one at a time: a second caller waits for the running one. It never rejects. */
  async #runDueTask(): Promise<void> {
    const { isDisposed, isSuspended, isChanging } = this.#agenda.state;
    if (isDisposed || isSuspended || isChanging || this.#agenda.mustWait) return;
    this.#running ??= this.#runTask();
    await this.#running;
  }

  async #runTask(): Promise<void> {
    this.#agenda.update({ isRenewing: true });
    await this.#logoutOrRenew().catch((cause: unknown) => this.#retryLater({ kind: "failed", cause }));
    this.#running = undefined;
    this.#agenda.update({ isRenewing: false });
  }

  /** Repeats an unconfirmed sign-out, or else renews. */
  async #logoutOrRenew(): Promise<void> {
    if (!(await this.#exchange.tokens.isSigningOut())) return this.#renew();
    this.#clearUser();
    this.#signedOut(await this.#logout());
  }

  async #renew(): Promise<void> {
    const version = this.#version;
    const isSuperseded = () => this.#version !== version || this.#agenda.mustWait;
    const answer = await this.#exchange.refresh(isSuperseded);
    // The later decision applies, but `Retry-After` is respected.
    if (this.#version !== version) return answer && "retryAfter" in answer ? this.#retryLater(answer) : undefined;
    if (answer !== undefined) this.#applyAnswer(answer);
    // No response: a user signs out in another tab, or another tab reported a wait.
    else if (!this.#agenda.mustWait) await this.#logoutOrRenew();
  }

  async #logout(): Promise<Answer | undefined> {
    return this.#exchange.logout().catch((cause: unknown) => ({ kind: "failed", cause }));
  }

  /** Applies the response to a sign-out; `undefined` if another tab has sent it. */
  #signedOut(answer: Answer | undefined): SignOutOutcome {
    const isPending = answer !== undefined && answer.kind !== "done";
    this.#agenda.update({ isSigningOut: isPending });
    if (isPending) this.#retryLater(answer);
    else if (answer) this.#recovered();
    return isPending ? "pending" : "ended";
  }

  #applyAnswer(answer: Answer): void {
    if (answer.kind === "granted") this.#accept(answer.tokens.accessToken);
    else if (isEnd(answer, this.#settings.transport)) this.#endSession();
    else this.#retryLater(answer);
  }

  /** The request failed: schedules a retry. A `Retry-After` is sent to the other tabs too. */
  #retryLater(answer: Answer): void {
    const error = errorOf(answer);
    const failure = nextFailure(this.#agenda.state.failure, error, this.#page);
    this.#agenda.update({ failure });
    this.published.failed(error);
    if (error.retryAfter !== undefined) this.#otherTabs.send({ type: "wait", until: failure.at.wall + failure.wait });
  }

  #accept(accessToken: AccessToken): void {
    // A response for an ended session: the issuer sent it before the end, or by mistake. A retry gets the current answer.
    if (this.#endedSessions.has(accessToken.session.id)) return this.#retryLater({ kind: "failed" });
    this.#otherTabs.send({ type: "pass", pass: accessToken });
    this.#apply(accessToken);
  }

  #apply(accessToken: AccessToken): void {
    if (this.#agenda.state.isDisposed) return;
    this.#decideUser({ accessToken, renewalAge: renewalAge(accessToken, this.#page.random(), this.#page.now()), failure: undefined });
    this.published.signedIn(accessToken.user, accessToken.session);
  }

  /** The request succeeded: ends the wait, unless it comes from `Retry-After`, which another tab may have received. */
  #recovered(): void {
    this.#agenda.update({ failure: withoutWait(this.#agenda.state.failure) });
  }

  /** The issuer says that the session is over. */
  #endSession(): void {
    const session = this.#agenda.state.accessToken?.session.id;
    this.#clearUser();
    this.#recovered();
    if (session !== undefined) this.#otherTabs.send({ type: "over", session });
  }

  #clearUser(): void {
    const { accessToken, isDisposed } = this.#agenda.state;
    if (accessToken !== undefined) this.#endedSessions.add(accessToken.session.id);
    this.#decideUser({ accessToken: undefined });
    if (!isDisposed) this.published.signedOut();
  }

  #decideUser(change: Partial<PageState>): void {
    this.#version += 1;
    this.#agenda.update({ isUnknown: false, isSigningOut: false, ...change });
  }

  /** Applies a message of another tab if it is about this page's session. For any other session, the page asks the issuer. */
  async #receive(message: Message): Promise<void> {
    if (this.#agenda.state.isDisposed) return;
    if (message.type === "wait") return this.#receiveWait(message.until);
    const session = message.type === "over" ? message.session : message.pass.session.id;
    const current = this.#agenda.state.accessToken;
    const isOurs = current !== undefined && session === current.session.id;
    if (message.type === "over") {
      if (session !== undefined) this.#endedSessions.add(session);
      if (isOurs) return this.#clearUser();
      if (current === undefined) return;
    } else {
      const isNewer = isOurs && message.pass.sentAt.wall > current.sentAt.wall;
      if (isNewer && isUsable(message.pass, this.#page.now())) this.#apply(message.pass);
      if (isOurs || this.#endedSessions.has(message.pass.session.id)) return;
    }
    if (await this.#exchange.tokens.hasChanged()) await this.#checkWithIssuer();
  }

  #receiveWait(until: number): void {
    const now = this.#page.now();
    const wait = until - now.wall;
    if (!(wait > 0)) return;
    const failure = failureOfOtherTab(this.#agenda.state.failure, unreachable({ retryAfter: Math.ceil(wait / 1000) }), wait, now);
    this.#agenda.update({ failure });
    this.published.failed(failure.error);
  }

  /** Asks the issuer for the user's status. The response to a running renewal is discarded. */
  async #checkWithIssuer(): Promise<void> {
    this.#version += 1;
    this.#agenda.update({ isUnknown: true });
    await this.#running;
    await this.#runDueTask();
  }

  /**
   * The page is visible or online again: a failed request may succeed now, and the token may have expired. A page that comes back
   * from the back/forward cache has missed the messages of other tabs: it asks the issuer.
   */
  async #wake(): Promise<void> {
    const { isSuspended, isUnknown, failure } = this.#agenda.state;
    this.#otherTabs.join();
    this.#agenda.update({ isSuspended: false, isUnknown: isUnknown || isSuspended, failure: withoutWait(failure) });
    if (await this.#exchange.tokens.isSigningOut()) this.#agenda.update({ isSigningOut: true });
    this.#agenda.runDue();
  }

  /** Closes the channel and the timer: with one open, a browser may not keep the page in the back/forward cache. */
  #leave(): void {
    this.#version += 1;
    this.#agenda.update({ isSuspended: true });
    // A running sign-in or sign-out still sends its message to the other tabs.
    if (!this.#agenda.state.isChanging) this.#otherTabs.leave();
  }
}
