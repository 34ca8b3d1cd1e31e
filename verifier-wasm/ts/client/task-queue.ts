/** Runs sign-ins and sign-outs one after the other. */

export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Waits for the last task, successful or not. */
  async settled(): Promise<void> {
    await this.#last.catch(() => {});
  }

  /** Runs a task after all earlier ones. */
  run<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    const change = this.settled().then(task);
    this.#last = change;
    return change;
  }
}
