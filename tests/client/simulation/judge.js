/** The properties: what must never be seen, whatever happens. */

/** A property that does not hold. */
export class Violation extends Error {
  name = "Violation";
}

export class Judge {
  violations = [];
  /** Tabs that know a session to be over. */
  #known = new WeakMap();

  constructor(world) {
    this.world = world;
  }

  fails(message) {
    this.violations.push(message);
  }

  changed(tab, former, state) {
    const { ledger } = tab.realm;
    const [was, is] = [former.session?.id, state.session?.id];
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

  renews(tab, count) {
    if (count > 1) this.fails(`${tab.name} has ${count} renewals under way at once`);
  }

  sends(tab, url, token) {
    if (token !== undefined && new URL(url).origin !== "https://app.example") this.fails(`${tab.name} sends a token to ${url}`);
  }

  /** A token that a page was given. */
  given(tab, token) {
    if (token !== null && !this.world.hasSetBack && !this.world.isGood(token)) this.fails(`${tab.name} is given a token that has run out`);
    if (tab.session.published.now.status === "signed-out" && token !== null) this.fails(`${tab.name} is given a token though it is signed out`);
  }

  /** Everything is well again, and each tab was asked for a token. */
  atLast(tab, token) {
    const { ledger } = tab.realm;
    const { expected } = ledger;
    const { status, session } = tab.session.published.now;
    if (status === "unknown") this.fails(`${tab.name} does not know who is there`);
    if (expected === "out" && (status !== "signed-out" || token !== null)) this.fails(`${tab.name} is ${status} as ${session?.id} though everybody has signed out`);
    if (expected.in !== undefined && (session?.id !== expected.in || token === null)) {
      this.fails(`${tab.name} is ${status} as ${session?.id} with ${token === null ? "no" : "a"} token; ${expected.in} was signed in and nobody has signed out`);
    }
  }

  /** How many renewals there were in eight minutes of fine weather, in which each tab needs two or three. */
  asked(count, tabs) {
    if (count > 6 * tabs) this.fails(`${tabs} tabs renew ${count} times in eight minutes`);
  }

  agree(tabs) {
    const told = new Set(tabs.map(({ session }) => session.published.now.session?.id));
    if (told.size > 1) this.fails(`tabs of one ${tabs[0].realm.transport === "cookie" ? "profile" : "storage"} disagree: ${[...told].join(", ")}`);
  }
}
