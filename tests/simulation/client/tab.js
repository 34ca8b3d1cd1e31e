/** A tab with the real client in a simulated environment. */

/** Maximum milliseconds of a wait. */
const MAX_WAIT = 300_000;

export const ISSUER = "https://app.example";
const RESOURCES = { own: `${ISSUER}/api/notes`, foreign: "https://elsewhere.example/pixel" };

export class Tab {
  isFrozen = false;
  isAway = false;
  isVisible = true;
  /** Running sign-ins and sign-outs. */
  changes = 0;
  isClosed = false;
  #queue = [];
  #locks = new Set();
  #aborts = new Map();
  /** The end of the wait that the issuer or another tab has requested. */
  #waitsUntil = 0;
  #listeners = { wake: new Set(), leave: new Set() };
  #receivers = new Set();

  constructor(world, realm, name) {
    this.world = world;
    this.realm = realm;
    this.name = name;
    this.#start();
  }

  #start() {
    this.#waitsUntil = 0;
    const { transport, storage } = this.realm;
    const settings = { issuer: ISSUER, transport, storage, origins: [ISSUER] };
    const session = new this.world.PageSession(settings, this.#environment());
    this.session = session;
    let former = session.published.current;
    session.published.subscribe((state) => {
      this.world.judge.changed(this, former, state);
      former = state;
      if (state.status !== "unknown") this.#waitsUntil = 0;
    });
    session.start();
  }

  /** The page creates its session again, as a framework does when it remounts. */
  remount() {
    this.session.dispose();
    this.#start();
  }

  freeze() {
    // Browsers do not freeze a page that has a lock or waits for one.
    if (this.#locks.size === 0) this.isFrozen = true;
  }

  async thaw() {
    this.isFrozen = false;
    for (const task of this.#queue.splice(0)) this.#run(task);
  }

  show() {
    this.isVisible = true;
    this.wake();
  }

  wake() {
    this.#happens("wake");
  }

  /** The user navigates away, and the page enters the back/forward cache: only a sign-in or sign-out may prevent that. */
  async leave() {
    if (this.changes > 0 || [...this.#aborts.values()].includes("/logout")) return;
    this.#happens("leave");
    await this.world.machine.pass(50);
    this.world.judge.isLeft(this, { channels: this.#receivers.size, locks: this.#locks.size });
    this.isAway = this.isFrozen = true;
  }

  /** The user returns to the page. */
  async return() {
    this.isAway = false;
    await this.thaw();
    this.wake();
  }

  #happens(event) {
    for (const callback of [...this.#listeners[event]]) this.#run(callback);
  }

  close() {
    this.isClosed = true;
    for (const [abort, path] of this.#aborts) if (path !== "/logout") abort();
    for (const leave of [...this.#locks]) leave();
  }

  receive(message) {
    for (const receiver of [...this.#receivers]) this.#run(() => (this.#hears(message), receiver(message)));
  }

  #hears({ type, until }) {
    const { machine } = this.world;
    if (type === "wait") this.waits(until - machine.wall());
    else this.#waitsUntil = 0;
  }

  /** It must not renew for so many milliseconds, minus the error of a coarse or early clock. */
  waits(milliseconds) {
    this.#waitsUntil = Math.max(this.#waitsUntil, this.world.machine.now + Math.min(milliseconds, MAX_WAIT) - 1_000);
  }

  /** A set clock ends the wait. */
  waitsNoMore() {
    this.#waitsUntil = 0;
  }

  #run(task) {
    if (this.isClosed) return;
    if (this.isFrozen) this.#queue.push(task);
    else task();
  }

  #environment() {
    const renewals = new Set();
    const { machine, random, timekeeping, hasLocks, marks } = this.world;
    const after = (milliseconds, callback) =>
      machine.after(timekeeping.after(milliseconds, machine.now, this.isVisible), () => this.#run(callback));
    return {
      fetch: (input, init) => (typeof input === "string" ? this.#ask(input, init, renewals) : this.#load(input)),
      origin: ISSUER,
      now: () => ({ monotonic: timekeeping.read(machine.monotonic()), wall: timekeeping.read(machine.wall()) }),
      random: () => random.fraction(),
      after,
      isVisible: () => this.isVisible,
      on: (event, callback) => this.#join(this.#listeners[event], callback),
      abort: () => new AbortController(),
      channel: (_name, receiver) => {
        const close = this.#join(this.#receivers, receiver);
        return { post: (message) => this.world.broadcast(structuredClone(message)), close };
      },
      lock: (name, mode, maxWait, task) => (hasLocks ? this.#lock(name, mode, maxWait, task, after) : task()),
      marks,
    };
  }

  #join(set, member) {
    set.add(member);
    return () => set.delete(member);
  }

  #lock(name, mode, maxWait, task, after) {
    return new Promise((resolve, reject) => {
      let isRunning = false;
      const run = () => {
        isRunning = true;
        task().finally(leave).then(resolve, reject);
      };
      const granted = () => this.world.machine.after(0, () => this.#run(() => isRunning || run()));
      const ask = this.world.locks.request(name, mode, granted);
      const leave = () => {
        this.#locks.delete(leave);
        stopListening();
        ask();
      };
      this.#locks.add(leave);
      const giveUp = () => {
        if (isRunning) return;
        leave();
        run();
      };
      const stopListening = this.#join(this.#listeners.leave, giveUp);
      after(maxWait, giveUp);
    });
  }

  /** A request to the issuer. */
  #ask(url, { body, signal, credentials }, renewals) {
    const path = url.slice(ISSUER.length);
    if ((credentials === "include") !== (this.realm.transport === "cookie")) throw new Error("cookies go where they should not");
    return new Promise((resolve, reject) => {
      const end = (settle, given) => {
        this.#aborts.delete(abort);
        renewals.delete(abort);
        settle(given);
      };
      const abort = this.world.network.send({
        realm: this.realm,
        path,
        body,
        answer: (response) => this.#run(() => {
          if (path === "/refresh" && response.wait !== undefined) this.waits(response.wait * 1000);
          end(resolve, seen(response));
        }),
        fail: () => this.#run(() => end(reject, new TypeError("network error"))),
      });
      this.#aborts.set(abort, path);
      if (path === "/refresh") {
        this.world.judge.renews(this, renewals.size, this.#waitsUntil);
        renewals.add(abort);
      }
      signal.addEventListener("abort", () => (abort(), end(reject, signal.reason)));
    });
  }

  /** A request to a service that accepts the issuer's tokens. */
  async #load(request) {
    const token = request.headers.get("authorization")?.replace("Bearer ", "");
    this.world.judge.sends(this, request.url, token);
    return { status: request.url === RESOURCES.own && !this.world.isGood(token) ? 401 : 200, body: null };
  }

  load(kind) {
    return this.session.fetch(RESOURCES[kind]);
  }
}

/** A response as a script sees it: without cookies. */
function seen({ status, headers, text }) {
  const visible = Object.entries(headers).filter(([name]) => name !== "set-cookie");
  return { status, headers: new Headers(visible), json: async () => JSON.parse(text) };
}
