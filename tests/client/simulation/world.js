/** One machine with its tabs, its user's doings, and the way to the issuer. */

import { Judge } from "./judge.js";
import { Locks } from "./locks.js";
import { Machine, settled } from "./machine.js";
import { Network } from "./network.js";
import { PASSWORD } from "./issuer.js";
import { Realm, Storage } from "./realm.js";
import { Tab } from "./tab.js";

/** The ways in which tabs keep their tokens. */
export const KINDS = ["cookie", "shared", "own"];

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
    this.network = new Network({ machine: this.machine, random, issuer });
    // Without locks the browser's cookies could not be kept; whoever has a storage can do without.
    this.hasLocks = kind === "cookie" || random.chance(0.5);
    this.isAsync = random.chance(0.3);
    this.shared = kind === "own" ? undefined : new Realm(kind === "cookie" ? undefined : new Storage({ isAsync: this.isAsync }));
  }

  open(realm = this.shared ?? new Realm(new Storage({ isAsync: this.isAsync }))) {
    this.tabs.push(new Tab(this, realm, `tab ${(this.#count += 1)}`));
  }

  close(tab) {
    this.tabs = this.tabs.filter((other) => other !== tab);
    tab.close();
  }

  /** To all tabs: a page's other sessions of the same name hear it, too. */
  broadcast(message) {
    for (const tab of this.tabs) this.machine.after(this.random.between(0, 5), () => tab.receive(message));
  }

  /** By the token's own times and the issuer's clock. */
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
    const ends = () => ledger.signInEnds({ session: session.published.now.session?.id, isReached: ledger.lastLogin !== before });
    const fails = () => ledger.signInEnds({ isReached: ledger.lastLogin !== before });
    this.#watch(session.signIn(username, password).then(ends, fails));
  }

  signOut(tab) {
    const { ledger } = tab.realm;
    const sessions = [tab.session.published.now.session?.id, tab.realm.current()].filter((id) => id !== undefined);
    ledger.signOutBegins(sessions, tab.realm.current());
    this.#watch(
      tab.session.signOut().then(
        (outcome) => ledger.signOutEnds(outcome, sessions),
        (error) => {
          ledger.signOutEnds("failed", sessions);
          if (error.code !== "ERR_DISPOSED") this.judge.fails(`a sign-out fails: ${error}`);
        },
      ),
    );
  }

  ask(tab) {
    const state = tab.session.published.now;
    this.#watch(tab.session.getAccessToken().then((token) => this.judge.given(tab, token, state), (error) => this.#expect(error)));
  }

  load(tab, kind) {
    this.#watch(tab.load(kind).catch((error) => this.#expect(error)));
  }

  #expect(error) {
    const known = ["ERR_ISSUER_UNREACHABLE", "ERR_REQUEST_REFUSED", "ERR_DISPOSED", "ERR_SIGNED_OUT"];
    if (!known.includes(error.code)) this.judge.fails(`an error that nobody knows: ${error.stack}`);
  }

  #watch(promise) {
    promise.catch((error) => this.judge.fails(`${error.stack}`));
  }

  /** All is well again: what must be then? */
  async heal() {
    this.network.weather = "fine";
    for (const tab of this.tabs) {
      await tab.thaw();
      tab.show();
    }
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
      else this.judge.fails(`${tab.name} gets no token though all is well: ${failures.get(tab)?.cause ?? failures.get(tab)}`);
    }
    if (this.shared !== undefined) this.judge.agree(this.tabs);
    for (const tab of [...this.tabs]) this.close(tab);
  }
}
