/** The properties that no history may violate. */

/** Maximum renewals of a page in ten seconds: tabs that trigger each other endlessly exceed it. */
const MAX_RENEWALS = 20;

export class Judge {
  violations = [];
  /** The ended sessions that each tab knows. */
  #known = new WeakMap();
  #renewals = new Map();

  constructor(world) {
    this.world = world;
  }

  fails(message) {
    this.violations.push(message);
  }

  changed(tab, former, state) {
    const { ledger } = tab.realm;
    const was = former.session?.id;
    const is = state.session?.id;
    if (was !== undefined && was !== is && !ledger.endedByUser.has(was)) {
      this.fails(`${tab.name} loses the session ${was}, which no user has ended`);
    }
    const known = this.#known.get(tab.session) ?? new Set();
    this.#known.set(tab.session, known);
    if (is !== undefined && known.has(is)) this.fails(`${tab.name} shows the session ${is} again, which it knew to have ended`);
    if (is !== undefined && was !== is && ledger.confirmed.has(is)) {
      this.fails(`${tab.name} shows the session ${is}, whose end the issuer has confirmed`);
    }
    if (was !== undefined && is === undefined) known.add(was);
  }

  /** A renewal starts while `others` of the same page are running. */
  renews(tab, others, waitsUntil) {
    if (others > 0) this.fails(`${tab.name} has ${others + 1} concurrent renewals`);
    const { now } = this.world.machine;
    if (now < waitsUntil) this.fails(`${tab.name} renews ${Math.ceil((waitsUntil - now) / 1000)} s before the issuer allows it`);
    const recent = [...(this.#renewals.get(tab) ?? []), now].filter((when) => now - when < 10_000);
    this.#renewals.set(tab, recent);
    if (recent.length > MAX_RENEWALS) this.fails(`${tab.name} renews ${recent.length} times in ten seconds`);
  }

  /** A page with an open channel or a lock does not enter the back/forward cache. */
  isLeft(tab, { channels, locks }) {
    if (channels + locks > 0) this.fails(`${tab.name} is left with ${channels} channels and ${locks} locks`);
  }

  sends(tab, url, token) {
    if (token !== undefined && new URL(url).origin !== "https://app.example") this.fails(`${tab.name} sends a token to ${url}`);
  }

  /** A page in this state got this token. */
  given(tab, token, state) {
    // A clock that was set back while another stood still says nothing: the service's 401 will.
    const isMisled = this.world.hasSetBack && this.world.hasSlept;
    if (token !== null && !isMisled && !this.world.isGood(token)) this.fails(`${tab.name} gets an expired token`);
    const isOut = state.status === "signed-out" && tab.session.published.current === state;
    if (isOut && token !== null) this.fails(`${tab.name} gets a token although it is signed out`);
  }

  /** The network has worked for a while without user actions: `token` is what the page has. */
  leftAlone(tab, state, token) {
    if (state.status === "unknown") this.fails(`${tab.name}, left alone, does not learn the user's status`);
    if (!tab.isVisible) return;
    if (token === undefined || token instanceof Error) this.fails(`${tab.name}, left alone, has no token: ${token}`);
    this.knows(tab, state);
  }

  /** No user action has happened since, and the page had enough time. */
  knows(tab, { status, session }) {
    const { expected } = tab.realm.ledger;
    if (expected.in !== undefined && session?.id !== expected.in) this.fails(`${tab.name} still is ${status} as ${session?.id} though ${expected.in} was signed in`);
    if (expected === "out" && status !== "signed-out") this.fails(`${tab.name} still is ${status} as ${session?.id} although all users have signed out`);
  }

  /** All faults are over, and each tab was asked for a token. */
  atLast(tab, token) {
    const { ledger } = tab.realm;
    const { expected } = ledger;
    const { status, session } = tab.session.published.current;
    if (status === "unknown") this.fails(`${tab.name} does not know the user's status`);
    if (expected === "out" && (status !== "signed-out" || token !== null)) this.fails(`${tab.name} is ${status} as ${session?.id} although all users have signed out`);
    if (expected === "out" && ledger.lastOut !== undefined && !ledger.over.has(ledger.lastOut)) this.fails(`the issuer never received the sign-out of ${ledger.lastOut}`);
    if (expected.in !== undefined && (session?.id !== expected.in || token === null)) {
      this.fails(`${tab.name} is ${status} as ${session?.id} with ${token === null ? "no" : "a"} token; ${expected.in} was signed in and no user has signed out`);
    }
  }

  agree(tabs) {
    const sessions = new Set(tabs.map(({ session }) => session.published.current.session?.id));
    if (sessions.size > 1) this.fails(`tabs of one ${tabs[0].realm.transport === "cookie" ? "profile" : "storage"} disagree: ${[...sessions].join(", ")}`);
  }
}
