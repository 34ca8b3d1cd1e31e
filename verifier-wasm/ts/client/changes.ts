/** Sign-ins and sign-outs, of which one waits for the other. */

export class Changes {
  #last: Promise<unknown> = Promise.resolve();
  #isUnderWay = false;

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Waits for the last of them, whatever comes of it. */
  async settled(): Promise<void> {
    await this.#last.catch(() => {});
  }

  /** Runs one after those before it, and `then` after it. */
  run<Outcome>(task: () => Promise<Outcome>, then: () => void): Promise<Outcome> {
    const change = this.settled().then(async () => {
      this.#isUnderWay = true;
      try {
        return await task();
      } finally {
        this.#isUnderWay = false;
        then();
      }
    });
    this.#last = change;
    return change;
  }
}
