/** Sign-ins and sign-outs, of which one waits for the other. */

export class Changes {
  #last: Promise<unknown> = Promise.resolve();

  /** Waits for the last of them, whatever comes of it. */
  async settled(): Promise<void> {
    await this.#last.catch(() => {});
  }

  /** Runs one after those before it. */
  run<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    const change = this.settled().then(task);
    this.#last = change;
    return change;
  }
}
