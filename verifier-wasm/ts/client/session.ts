/** The session of a page: who is signed in, and an access token that is good whenever one is needed. */

import { authorizedFetch } from "./authorized-fetch.js";
import { Backoff } from "./backoff.js";
import { SessionError } from "./error.js";
import { Issuer, type Answer, type Pass, type User } from "./issuer.js";
import { age, isGood, renewalIn } from "./lifetime.js";
import type { Settings } from "./options.js";
import { PublishedState } from "./state.js";
import { memory, type Surroundings, type Undo } from "./surroundings.js";
import { Tokens } from "./tokens.js";

/** Milliseconds that a tab waits for another that is renewing. It saves a request; nothing depends on it. */
const PATIENCE = 2_000;

/** Milliseconds: a token that is refused when it is younger is refused for another reason than its age. */
const FRESH = 10_000;

/** Milliseconds after which a sign-out that the issuer has not heard of is tried again. */
const PENDING = 30_000;

/** What came of a sign-out: the issuer has ended the session, or will be told as soon as it can be reached. */
export type SignOutOutcome = "ended" | "pending";

/** What tabs tell each other. A refresh token is not among it. */
type Message =
  | { readonly type: "pass"; readonly pass: SharedPass }
  | { readonly type: "over"; readonly session: string | undefined };

type SharedPass = Omit<Pass, "refreshToken" | "deviceToken">;

/** The session of one page. */
export class PageSession {
  readonly #page: Surroundings;
  readonly #settings: Settings;
  readonly #issuer: Issuer;
  readonly #tokens: Tokens;
  readonly #name: string;
  /** The mark of a sign-out that the issuer has not confirmed: nothing is renewed while it is there. */
  readonly #ending: string;
  readonly #backoff: Backoff;
  readonly #published = new PublishedState();
  /** Sessions that are over: an answer that was under way does not bring them back. */
  readonly #over = new Set<string>();
  readonly #undo: Undo[];
  readonly #tell: (message: Message) => void;
  #pass: SharedPass | undefined;
  /** Sign-ins and sign-outs so far: the answer to a renewal that began before one of them is discarded. */
  #turn = 0;
  #renewal: Promise<void> | undefined;
  /** The last of the sign-ins and sign-outs, each of which waits for the one before. */
  #changes: Promise<unknown> = Promise.resolve();
  #isChanging = false;
  #stopTimer: Undo = () => {};
  #isDisposed = false;

  constructor(settings: Settings, page: Surroundings) {
    const { issuer, transport, storage } = settings;
    this.#page = page;
    this.#settings = settings;
    this.#issuer = new Issuer(issuer, transport, page);
    this.#tokens = new Tokens(transport === "body" ? (storage ?? memory()) : undefined, issuer);
    this.#backoff = new Backoff(page);
    this.#name = `hallpass:${issuer}`;
    this.#ending = `${this.#name}:ending`;
    const { post, close } = page.channel(this.#name, (message) => void this.#hear(message as Message));
    this.#tell = post;
    this.#undo = [close, page.onWake(() => this.#wake())];
    void this.#tend();
  }

  get published(): PublishedState {
    return this.#published;
  }

  signIn(username: string, password: string): Promise<User> {
    return this.#change(async () => {
      const answer = await this.#login(username, password);
      if (answer.kind !== "granted") throw errorOf(answer);
      this.#commit(answer.pass);
      return answer.pass.user;
    });
  }

  signOut(): Promise<SignOutOutcome> {
    return this.#change(async () => {
      const session = this.#pass?.session.id;
      // First, so that where the page is closed before the answer, the next one goes on with it.
      this.#page.marks.setItem(this.#ending, session ?? "");
      const outcome = await this.#logout();
      this.#forget(session);
      this.#tell({ type: "over", session });
      if (outcome === "pending") this.#tendIn(PENDING);
      return outcome;
    });
  }

  async getAccessToken(): Promise<string | null> {
    await this.#settled();
    if (this.#pass === undefined || !isGood(this.#pass, this.#page)) await this.#renew();
    else if (renewalIn(this.#pass, 0, this.#page) <= 0) void this.#renew();
    if (this.#published.now.status === "signed-out") return null;
    if (this.#pass !== undefined && isGood(this.#pass, this.#page)) return this.#pass.token;
    throw this.#backoff.error ?? unreachable();
  }

  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const { fetch } = this.#page;
    const source = {
      fetch,
      origins: this.#settings.origins,
      getAccessToken: () => this.getAccessToken(),
      tokenInsteadOf: (refused: string) => this.#tokenInsteadOf(refused),
    };
    return authorizedFetch(source, input, init);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#stopTimer();
    this.#published.close();
    for (const undo of this.#undo) undo();
  }

  /** Waits for a sign-in or sign-out under way, and for the first news of who is there. */
  async #settled(): Promise<void> {
    if (this.#isDisposed) throw disposed();
    await this.#changes.catch(() => {});
    if (this.#published.now.status === "unknown") await this.#tend();
  }

  async #tokenInsteadOf(refused: string): Promise<string | null> {
    if (this.#pass?.token === refused) {
      if (age(this.#pass.sentAt, this.#page) < FRESH) return null;
      await this.#renew();
    }
    const token = this.#pass?.token;
    return token === undefined || token === refused ? null : token;
  }

  /** Signs in or out: one after the other, and after a renewal under way, whose cookies could come after ours. */
  #change<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    const change = this.#changes.catch(() => {}).then(async () => {
      if (this.#isDisposed) throw disposed();
      this.#isChanging = true;
      try {
        await this.#renewal;
        this.#turn += 1;
        return await task();
      } finally {
        this.#isChanging = false;
      }
    });
    this.#changes = change;
    return change;
  }

  async #login(username: string, password: string): Promise<Answer> {
    let answer: Answer | undefined;
    await this.#page.inTurn(this.#name, PATIENCE, async () => {
      const former = this.#isEnding() ? await this.#tokens.refresh() : null;
      answer = await this.#issuer.login(username, password, await this.#tokens.device());
      if (answer.kind !== "granted") return;
      await this.#tokens.begin(answer.pass);
      this.#page.marks.removeItem(this.#ending);
      // In the cookie transport the issuer has ended the session that the new one replaces.
      if (former !== null) void this.#issuer.logout(former);
    });
    return answer ?? { kind: "failed" };
  }

  async #logout(): Promise<SignOutOutcome> {
    await this.#page.inTurn(this.#name, PATIENCE, async () => {
      // Another tab may have done it, or somebody has signed in there.
      if (!this.#isEnding()) return;
      const { kind } = await this.#issuer.logout(await this.#tokens.refresh());
      if (kind !== "done") return;
      await this.#tokens.end();
      this.#page.marks.removeItem(this.#ending);
    });
    return this.#isEnding() ? "pending" : "ended";
  }

  #isEnding(): boolean {
    return this.#page.marks.getItem(this.#ending) !== null;
  }

  /** Does what there is to do: tells the issuer of a sign-out that it has not heard of, or finds out who is there. */
  async #tend(): Promise<void> {
    if (this.#isDisposed || this.#isChanging) return;
    if (!this.#isEnding()) return this.#renew();
    this.#forget(this.#pass?.session.id);
    if ((await this.#logout()) === "pending") this.#tendIn(PENDING);
  }

  /** One renewal at a time: whoever asks meanwhile waits for the same. It never fails, but leaves its error behind. */
  async #renew(): Promise<void> {
    if (this.#backoff.left > 0) return;
    this.#renewal ??= this.#runRenewal()
      .catch((cause: unknown) => this.#settle({ kind: "failed", cause }))
      .finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  async #runRenewal(): Promise<void> {
    const [turn, before] = [this.#turn, this.#pass];
    let answer: Answer | undefined;
    await this.#page.inTurn(this.#name, PATIENCE, async () => {
      // Another tab was quicker, or somebody signs out.
      if (this.#pass !== before || this.#isEnding()) return;
      const presented = await this.#tokens.refresh();
      const isMissing = presented === null && this.#settings.transport === "body";
      answer = isMissing ? MISSING : await this.#issuer.refresh(presented);
      if (answer.kind === "granted") await this.#tokens.trade(presented, answer.pass);
    });
    if (answer !== undefined && this.#turn === turn) this.#settle(answer);
  }

  #settle(answer: Answer): void {
    if (this.#isDisposed) return;
    if (answer.kind === "granted") return this.#commit(answer.pass);
    if (isEnd(answer, this.#settings.transport)) return this.#end();
    this.#backoff.failed(errorOf(answer));
    this.#tendIn(this.#backoff.left);
  }

  #commit({ refreshToken, deviceToken, ...pass }: Pass): void {
    if (this.#isDisposed || this.#over.has(pass.session.id)) return;
    this.#admit(pass);
    this.#tell({ type: "pass", pass });
  }

  #admit(pass: SharedPass): void {
    this.#pass = pass;
    this.#backoff.succeeded();
    this.#published.signedIn(pass.user, pass.session);
    this.#tendIn(renewalIn(pass, this.#page.random(), this.#page));
  }

  /** The issuer says that the session is over. */
  #end(): void {
    const session = this.#pass?.session.id;
    this.#forget(session);
    this.#tokens.end().catch(() => {});
    this.#tell({ type: "over", session });
  }

  #forget(session: string | undefined): void {
    if (session !== undefined) this.#over.add(session);
    this.#pass = undefined;
    this.#backoff.succeeded();
    this.#stopTimer();
    this.#published.signedOut();
  }

  /** What another tab says. During a sign-in or sign-out of our own it comes too late. */
  async #hear(message: Message): Promise<void> {
    if (this.#isDisposed || this.#isChanging) return;
    const sharesCookies = this.#settings.transport === "cookie";
    if (message.type === "over") {
      if (message.session !== undefined) this.#over.add(message.session);
      const isOurs = message.session === undefined ? sharesCookies : message.session === this.#pass?.session.id;
      if (isOurs) this.#forget(this.#pass?.session.id);
      return;
    }
    const { pass } = message;
    if (this.#over.has(pass.session.id)) return;
    // Tabs whose tokens are in a storage may share it or not: what is in ours decides.
    if (!sharesCookies && pass.session.id !== this.#pass?.session.id) return this.#tend();
    if (this.#pass === undefined || pass.sentAt.wall > this.#pass.sentAt.wall) this.#admit(this.#onOwnClock(pass));
  }

  /** The wall clock is the tabs' common one; each has a monotonic one of its own. */
  #onOwnClock(pass: SharedPass): SharedPass {
    const { wall } = pass.sentAt;
    return { ...pass, sentAt: { wall, monotonic: this.#page.monotonic() - Math.max(0, this.#page.wall() - wall) } };
  }

  /** The page is seen again, or the network is there again: what failed may succeed, and the token may have run out. */
  #wake(): void {
    this.#backoff.cutShort();
    const isDue = this.#pass !== undefined && renewalIn(this.#pass, 0, this.#page) <= 0;
    if (isDue || this.#isEnding() || this.#published.now.status === "unknown") void this.#tend();
  }

  /** In a page that nobody sees nothing is renewed until somebody does, or a token is asked for. */
  #tendIn(milliseconds: number): void {
    this.#stopTimer();
    this.#stopTimer = this.#page.after(Math.max(0, milliseconds), () => {
      if (this.#page.isVisible()) void this.#tend();
    });
  }
}

/** The answer that a refresh without a token would get. */
const MISSING: Answer = { kind: "refused", status: 400, code: "invalid_grant", description: "there is no refresh token" };

/** Whether the session is over for good. Without its cookie the browser has nothing more to present. */
function isEnd(answer: Answer, transport: "cookie" | "body"): boolean {
  if (answer.kind !== "refused" || answer.status !== 400) return false;
  return answer.code === "invalid_grant" || (transport === "cookie" && answer.code === "invalid_request");
}

function errorOf(answer: Exclude<Answer, { kind: "granted" }>): SessionError {
  if (answer.kind === "failed") return unreachable(answer);
  if (answer.kind === "done") return unreachable();
  const { code, description, retryAfter } = answer;
  if (code === "invalid_credentials") return new SessionError("ERR_CREDENTIALS_INVALID", description);
  if (code === "too_many_attempts") return new SessionError("ERR_TOO_MANY_ATTEMPTS", description, { retryAfter });
  return new SessionError("ERR_REQUEST_REFUSED", `${code}: ${description}`, { retryAfter });
}

function unreachable(details: { cause?: unknown; retryAfter?: number } = {}): SessionError {
  return new SessionError("ERR_ISSUER_UNREACHABLE", "the issuer cannot be reached at the moment; the session lives on", details);
}

function disposed(): SessionError {
  return new SessionError("ERR_DISPOSED", "this session was disposed of");
}
