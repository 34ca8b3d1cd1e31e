/** Clients that sign in and renew without a pause for breath, and verifiers that check each token as it comes and late in its life. */

import { credentials } from "../../support/issuer.js";
import { post, sleep } from "../../support/client.js";
import { now } from "./scaled.js";

const CLIENTS = 4;

/** Milliseconds between two requests of a client. */
const PAUSE = 40;

/** After how many renewals a client signs in anew. */
const RENEWALS = 50;

/** The part of a token's life after which it is verified again. */
const LATE = 0.75;

/** Milliseconds before a token's end from which on a slow machine might make a verification too late. */
const TOO_LATE = 300;

const part = (token, at) => JSON.parse(Buffer.from(token.split(".")[at], "base64url").toString());

/** The name of the key that a token is by. */
export const kidOf = (token) => part(token, 0).kid;

export class Load {
  refusals = [];
  counts = { logins: 0, renewals: 0, verified: 0, verifiedLate: 0, tooLate: 0, unanswered: 0, fetchFailed: 0 };
  /** The names of the keys that signed, in the order in which they came; and the newest token of each. */
  kids = [];
  tokens = new Map();
  /** When a verifier first accepted a token by a key: `${verifier} ${kid}`, in milliseconds. */
  acceptedAt = new Map();
  /** Keys that were revoked: what verifiers say of their tokens is measured elsewhere. */
  revoked = new Set();
  #place;
  #verifiers;
  #isOver = false;
  #running;
  #late = [];

  constructor(place, verifiers) {
    this.#place = place;
    this.#verifiers = verifiers;
    this.#running = Array.from({ length: CLIENTS }, () => this.#client());
  }

  /** Ends it, and waits until every token was verified for the second time. */
  async end() {
    this.#isOver = true;
    await Promise.all(this.#running);
    await Promise.all(this.#late);
  }

  async #client() {
    while (!this.#isOver) {
      let held = await this.#ask("login", { ...credentials, transport: "body" });
      for (let use = 0; use < RENEWALS && held !== undefined && !this.#isOver; use += 1) {
        await sleep(PAUSE);
        held = await this.#renewed(held);
      }
      await sleep(PAUSE);
    }
  }

  /** A client repeats a renewal that was not answered, as the rules say. */
  async #renewed({ refresh_token }) {
    while (!this.#isOver) {
      const held = await this.#ask("refresh", { refresh_token });
      if (held !== undefined) return held;
      await sleep(PAUSE);
    }
  }

  /** The answer to a request, whose token is verified; `undefined` where an issuer that is not there has none. */
  async #ask(what, body) {
    const answer = await post(`${this.#place()}/${what}`, body).catch(() => undefined);
    if (answer === undefined || answer.status === 503) return void (this.counts.unanswered += 1);
    const held = await answer.json().catch(() => undefined);
    if (held === undefined) return void (this.counts.unanswered += 1);
    if (answer.status !== 200) this.refusals.push(`${what}: ${answer.status} ${held.error}`);
    if (answer.status !== 200) return undefined;
    this.counts[what === "login" ? "logins" : "renewals"] += 1;
    this.#note(held.token);
    await this.#verify(held.token, "verified");
    this.#late.push(this.#verifyLate(held.token));
    return held;
  }

  #note(token) {
    const kid = kidOf(token);
    if (!this.tokens.has(kid)) this.kids.push(kid);
    this.tokens.set(kid, token);
  }

  async #verifyLate(token) {
    const { iat, exp } = part(token, 1);
    await sleep((exp - iat) * LATE * 1000);
    if (now() > exp * 1000 - TOO_LATE) this.counts.tooLate += 1;
    else await this.#verify(token, "verifiedLate");
  }

  async #verify(token, when) {
    const kid = kidOf(token);
    for (const [name, verify] of Object.entries(this.#verifiers)) {
      try {
        await verify(token);
        this.counts[when] += 1;
        const first = `${name} ${kid}`;
        if (!this.acceptedAt.has(first)) this.acceptedAt.set(first, now());
      } catch (error) {
        // jose keeps no old keys while an issuer that starts again cannot be reached; our package must, and says so otherwise.
        if (error.message === "fetch failed") this.counts.fetchFailed += 1;
        else if (!this.revoked.has(kid)) this.refusals.push(`${name}, ${when}, ${kid}: ${error.code} ${error.message}`);
      }
    }
  }
}
