/** One machine with its tabs, its user's actions, and its network. */

import { Judge } from "./judge.js";
import { Locks } from "./locks.js";
import { Machine, settled } from "./machine.js";
import { Network } from "./network.js";
import { PASSWORD } from "./issuer.js";
import { Realm, Storage } from "./realm.js";
import { Tab } from "./tab.js";
import { Timekeeping } from "./timekeeping.js";

/** How tabs store their tokens. */
export const KINDS = ["cookie", "shared", "own"];

/**
 * Milliseconds within which a page that is left alone settles: the maximum Retry-After, and twice the minute to which a browser
 * delays the timers of a hidden page.
 */
const SETTLED = 420_000;

export class World {
  locks = new Locks();
  marks = new Storage();
  judge = new Judge(this);
  tabs = [];
  hasSetBack = false;
  hasSlept = false;
  #count = 0;

  constructor({ random, issuer, epoch, kind, PageSession }) {
    this.random = random;
    this.kind = kind;
    this.PageSession = PageSession;
    const wallOffset = random.chance(0.5) ? 0 : random.between(-5e7, 5e7);
    this.machine = new Machine({ epoch, wallOffset, isOver: () => this.judge.violations.length > 0 });
    this.timekeeping = new Timekeeping(random);
    this.network = new Network({ machine: this.machine, random, issuer });
    // Cookies need locks; a storage does not.
    this.hasLocks = kind === "cookie" || random.chance(0.5);
    this.isAsync = random.chance(0.3);
    this.shared = kind === "own" ? undefined : new Realm(kind === "cookie" ? undefined : new Storage({ isAsync: this.isAsync }));
  }

  open(realm = this.shared ?? new Realm(new Storage({ isAsync: this.isAsync }))) {
    this.tabs.push(new Tab(this, realm, `tab ${(this.#count += 1)}`));
  }

  /** The user leaves another page, may sign out in one, and returns to all: they ask at once. */
  async #returns([stays, leaves]) {
    await leaves?.leave();
    if (stays !== undefined && this.random.chance(0.3)) this.signOut(stays);
    await this.machine.pass(20_000);
    const away = this.tabs.filter((tab) => tab.isAway);
    for (const tab of away) await tab.return();
    // They may wait for each other's requests.
    await this.machine.pass(40_000);
    for (const tab of away) this.judge.knows(tab, tab.session.published.current);
  }

  /** A page that is left alone learns the user's status, and a visible one has a valid token. */
  async #settles(tab) {
    const state = tab.session.published.current;
    let token;
    if (tab.isVisible) tab.session.getAccessToken().then((given) => (token = given), (error) => (token = error));
    await settled();
    this.judge.leftAlone(tab, state, token);
  }

  close(tab) {
    this.tabs = this.tabs.filter((other) => other !== tab);
    tab.close();
  }

  /** To all tabs, including other sessions of the same page. */
  broadcast(message) {
    for (const tab of this.tabs) this.machine.after(this.random.between(0, 5), () => tab.receive(message));
  }

  /** Whether a token is valid by the issuer's clock. */
  isGood(token) {
    if (token === undefined) return false;
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    return this.machine.epoch + this.machine.now < exp * 1000;
  }

  signIn(tab, username, password = PASSWORD) {
    const { ledger } = tab.realm;
    const before = ledger.lastLogin;
    ledger.signInBegins();
    const { session } = tab;
    const ends = () => ledger.signInEnds({ session: session.published.current.session?.id, isReached: ledger.lastLogin !== before });
    const fails = () => ledger.signInEnds({ isReached: ledger.lastLogin !== before });
    tab.changes += 1;
    this.#watch(session.signIn(username, password).then(ends, fails).finally(() => (tab.changes -= 1)));
  }

  signOut(tab) {
    const { ledger } = tab.realm;
    const sessions = [tab.session.published.current.session?.id, tab.realm.current()].filter((id) => id !== undefined);
    ledger.signOutBegins(sessions, tab.realm.current());
    tab.changes += 1;
    this.#watch(
      tab.session.signOut().finally(() => (tab.changes -= 1)).then(
        (outcome) => ledger.signOutEnds(outcome, sessions),
        (error) => {
          ledger.signOutEnds("failed", sessions);
          if (error.code !== "ERR_DISPOSED") this.judge.fails(`a sign-out fails: ${error}`);
        },
      ),
    );
  }

  ask(tab) {
    const state = tab.session.published.current;
    this.#watch(tab.session.getAccessToken().then((token) => this.judge.given(tab, token, state), (error) => this.#expect(error)));
  }

  load(tab, kind) {
    this.#watch(tab.load(kind).catch((error) => this.#expect(error)));
  }

  #expect(error) {
    const known = ["ERR_ISSUER_UNREACHABLE", "ERR_REQUEST_REFUSED", "ERR_DISPOSED", "ERR_SIGNED_OUT"];
    if (!known.includes(error.code)) this.judge.fails(`an unknown error: ${error.stack}`);
  }

  #watch(promise) {
    promise.catch((error) => this.judge.fails(`${error.stack}`));
  }

  /** Ends all faults and checks the properties, first without user actions, then with them. */
  async heal() {
    this.network.weather = this.random.pick(["failing", "lossy", "offline"]);
    this.open();
    await this.machine.pass(this.random.between(0, 60_000));
    this.network.weather = "fine";
    const present = this.tabs.filter((tab) => !tab.isAway);
    for (const tab of present) await tab.thaw();
    await this.machine.pass(SETTLED);
    for (const tab of present) await this.#settles(tab);
    await this.#returns(present);
    for (const tab of this.tabs) tab.show();
    await this.machine.pass(120_000);
    if (this.tabs.length === 0 || this.random.chance(0.5)) this.open();
    await this.machine.pass(400_000);
    const tokens = new Map();
    const failures = new Map();
    for (const tab of this.tabs) tab.session.getAccessToken().then((token) => tokens.set(tab, token), (error) => failures.set(tab, error));
    await this.machine.pass(60_000);
    await settled();
    for (const tab of this.tabs) {
      if (tokens.has(tab)) this.judge.atLast(tab, tokens.get(tab));
      else this.judge.fails(`${tab.name} gets no token although all faults are over: ${failures.get(tab)?.cause ?? failures.get(tab)}`);
    }
    if (this.shared !== undefined) this.judge.agree(this.tabs);
    for (const tab of [...this.tabs]) this.close(tab);
  }
}
