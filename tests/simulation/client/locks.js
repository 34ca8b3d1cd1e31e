/** Web Locks as in the standard: in the order of requests, shared ones together. */

export class Locks {
  #queues = new Map();

  /** Asks for a lock; `granted(release)` is called when it is there. Returns how to take the request back, or to give it up. */
  request(name, mode, granted) {
    const queue = this.#queues.get(name) ?? { held: new Set(), waiting: [] };
    this.#queues.set(name, queue);
    const asked = { mode, granted };
    queue.waiting.push(asked);
    const leave = () => {
      queue.held.delete(asked);
      queue.waiting = queue.waiting.filter((other) => other !== asked);
      this.#grant(queue);
    };
    asked.leave = leave;
    this.#grant(queue);
    return leave;
  }

  #grant(queue) {
    for (let [first] = queue.waiting; first !== undefined; [first] = queue.waiting) {
      const isFree = [...queue.held].every(({ mode }) => mode === "shared" && first.mode === "shared");
      if (!isFree) return;
      queue.waiting.shift();
      queue.held.add(first);
      first.granted();
    }
  }
}
