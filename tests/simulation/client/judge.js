/** The properties: what must never be seen, whatever happens. */

/** How often a page may renew in ten seconds: tabs that ask each other for ever do it more often. */
const MAX_RENEWALS = 20;

export class Judge {
  violations = [];
  /** Tabs that know a session to be over. */
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
      this.fails(`${tab.name} gives up the session ${was}, which nobody has ended`);
    }
    const known = this.#known.get(tab.session) ?? new Set();
    this.#known.set(tab.session, known);
    if (is !== undefined && known.has(is)) this.fails(`${tab.name} shows the session ${is} again, which it knew to be over`);
    if (is !== undefined && was !== is && ledger.confirmed.has(is)) {
      this.fails(`${tab.name} shows the session ${is}, whose end the issuer has confirmed`);
    }
    if (was !== undefined && is === undefined) known.add(was);
  }

  /** A renewal begins, beside `others` of the same page. */
  renews(tab, others, waitsUntil) {
    if (others > 0) this.fails(`${tab.name} has ${others + 1} renewals under way at once`);
    const { now } = this.world.machine;
    if (now < waitsUntil) this.fails(`${tab.name} renews ${Math.ceil((waitsUntil - now) / 1000)} s before the issuer allows it`);
    const recent = [...(this.#renewals.get(tab) ?? []), now].filter((when) => now - when < 10_000);
    this.#renewals.set(tab, recent);
    if (recent.length > MAX_RENEWALS) this.fails(`${tab.name} renews ${recent.length} times in ten seconds`);
  }

  /** A page that keeps a channel or a lock is not kept for a return. */
  isLeft(tab, { channels, locks }) {
    if (channels + locks > 0) this.fails(`${tab.name} is left with ${channels} channels and ${locks} locks`);
  }

  sends(tab, url, token) {
    if (token !== undefined && new URL(url).origin !== "https://app.example") this.fails(`${tab.name} sends a token to ${url}`);
  }

  /** A token that a page was given which asked in this state. */
  given(tab, token, state) {
    // A clock that was set back while another stood still says nothing: the service's 401 will.
    const isMisled = this.world.hasSetBack && this.world.hasSlept;
    if (token !== null && !isMisled && !this.world.isGood(token)) this.fails(`${tab.name} is given a token that has run out`);
    const isOut = state.status === "signed-out" && tab.session.published.current === state;
    if (isOut && token !== null) this.fails(`${tab.name} is given a token though it is signed out`);
  }

  /** The network has been well for a while, and no user has looked: `token` is what the page has at hand. */
  leftAlone(tab, state, token) {
    if (state.status === "unknown") this.fails(`${tab.name}, left alone, does not find out who is there`);
    if (!tab.isVisible) return;
    if (token === undefined || token instanceof Error) this.fails(`${tab.name}, left alone, has no token at hand: ${token}`);
    this.knows(tab, state);
  }

  /** No user has done anything since, and the page has had the time to find out. */
  knows(tab, { status, session }) {
    const { expected } = tab.realm.ledger;
    if (expected.in !== undefined && session?.id !== expected.in) this.fails(`${tab.name} still is ${status} as ${session?.id} though ${expected.in} was signed in`);
    if (expected === "out" && status !== "signed-out") this.fails(`${tab.name} still is ${status} as ${session?.id} though everybody has signed out`);
  }

  /** Everything is well again, and each tab was asked for a token. */
  atLast(tab, token) {
    const { ledger } = tab.realm;
    const { expected } = ledger;
    const { status, session } = tab.session.published.current;
    if (status === "unknown") this.fails(`${tab.name} does not know who is there`);
    if (expected === "out" && (status !== "signed-out" || token !== null)) this.fails(`${tab.name} is ${status} as ${session?.id} though everybody has signed out`);
    if (expected === "out" && ledger.lastOut !== undefined && !ledger.over.has(ledger.lastOut)) this.fails(`the issuer has never heard of the sign-out of ${ledger.lastOut}`);
    if (expected.in !== undefined && (session?.id !== expected.in || token === null)) {
      this.fails(`${tab.name} is ${status} as ${session?.id} with ${token === null ? "no" : "a"} token; ${expected.in} was signed in and nobody has signed out`);
    }
  }

  agree(tabs) {
    const told = new Set(tabs.map(({ session }) => session.published.current.session?.id));
    if (told.size > 1) this.fails(`tabs of one ${tabs[0].realm.transport === "cookie" ? "profile" : "storage"} disagree: ${[...told].join(", ")}`);
  }
}
