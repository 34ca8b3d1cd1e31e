/** A tab with the real client in it; all that it sees of the world is the world's. */

export const ISSUER = "https://app.example";
const RESOURCES = { own: `${ISSUER}/api/notes`, foreign: "https://elsewhere.example/pixel" };

export class Tab {
  isFrozen = false;
  isVisible = true;
  isClosed = false;
  #queue = [];
  #locks = new Set();
  #aborts = new Map();
  #wakers = new Set();
  #receivers = new Set();

  constructor(world, realm, name) {
    this.world = world;
    this.realm = realm;
    this.name = name;
    this.#start();
  }

  #start() {
    const { transport, storage } = this.realm;
    const settings = { issuer: ISSUER, transport, storage, origins: new Set([ISSUER]) };
    const session = new this.world.PageSession(settings, this.#surroundings());
    this.session = session;
    let former = session.published.now;
    session.published.subscribe((state) => {
      this.world.judge.changed(this, former, state);
      former = state;
    });
  }

  /** The page makes its session anew, as a framework does that mounts it again. */
  remount() {
    this.session.dispose();
    this.#start();
  }

  freeze() {
    // Browsers freeze no page that has a lock, or waits for one.
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
    for (const waker of [...this.#wakers]) this.#run(waker);
  }

  close() {
    this.isClosed = true;
    for (const [abort, path] of this.#aborts) if (path !== "/logout") abort();
    for (const leave of [...this.#locks]) leave();
  }

  receive(message) {
    for (const receiver of [...this.#receivers]) this.#run(() => receiver(message));
  }

  #run(task) {
    if (this.isClosed) return;
    if (this.isFrozen) this.#queue.push(task);
    else task();
  }

  #surroundings() {
    const renewals = new Set();
    const { machine, random, hasLocks, marks } = this.world;
    const after = (milliseconds, callback) => machine.after(milliseconds, () => this.#run(callback));
    return {
      fetch: (input, init) => (typeof input === "string" ? this.#ask(input, init, renewals) : this.#load(input)),
      monotonic: () => machine.monotonic(),
      wall: () => machine.wall(),
      random: () => random.fraction(),
      after,
      isVisible: () => this.isVisible,
      onWake: (waker) => this.#join(this.#wakers, waker),
      channel: (_name, receiver) => {
        const close = this.#join(this.#receivers, receiver);
        return { post: (message) => this.world.broadcast(structuredClone(message)), close };
      },
      lock: (name, mode, patience, task) => (hasLocks ? this.#lock(name, mode, patience, task, after) : task()),
      marks,
    };
  }

  #join(set, member) {
    set.add(member);
    return () => set.delete(member);
  }

  #lock(name, mode, patience, task, after) {
    return new Promise((resolve, reject) => {
      let isRunning = false;
      const run = () => {
        isRunning = true;
        task().finally(leave).then(resolve, reject);
      };
      const ask = this.world.locks.request(name, mode, () => after(0, () => isRunning || run()));
      const leave = () => {
        this.#locks.delete(leave);
        ask();
      };
      this.#locks.add(leave);
      after(patience, () => {
        if (isRunning) return;
        ask();
        run();
      });
    });
  }

  /** The issuer is asked. */
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
        answer: (response) => this.#run(() => end(resolve, seen(response))),
        fail: () => this.#run(() => end(reject, new TypeError("network error"))),
      });
      this.#aborts.set(abort, path);
      if (path === "/refresh") {
        this.world.judge.renews(this, renewals.size);
        renewals.add(abort);
      }
      signal.addEventListener("abort", () => (abort(), end(reject, signal.reason)));
    });
  }

  /** A service is asked that takes the issuer's tokens. */
  async #load(request) {
    const token = request.headers.get("authorization")?.replace("Bearer ", "");
    this.world.judge.sends(this, request.url, token);
    return { status: request.url === RESOURCES.own && !this.world.isGood(token) ? 401 : 200, body: null };
  }

  load(kind) {
    return this.session.fetch(RESOURCES[kind]);
  }
}

/** An answer as a script sees it: without the cookies. */
function seen({ status, headers, text }) {
  const visible = Object.entries(headers).filter(([name]) => name !== "set-cookie");
  return { status, headers: new Headers(visible), json: async () => JSON.parse(text) };
}
