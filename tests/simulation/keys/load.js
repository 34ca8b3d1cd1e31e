/** Clients that sign in and renew continuously, and verifiers that check each token at once and again shortly before it expires. */

import { credentials } from "../../support/issuer.js";
import { post, sleep } from "../../support/client.js";
import { now } from "./scaled.js";

const CLIENTS = 4;

/** Milliseconds between two requests of a client. */
const PAUSE = 40;

/** Renewals after which a client signs in again. */
const RENEWALS = 50;

/** The fraction of a token's lifetime after which it is verified again. */
const LATE = 0.75;

/** Milliseconds before a token's expiry within which a slow machine could verify too late. */
const TOO_LATE = 300;

const part = (token, at) => JSON.parse(Buffer.from(token.split(".")[at], "base64url").toString());

/** The id of the key of a token. */
export const kidOf = (token) => part(token, 0).kid;

export class Load {
  refusals = [];
  counts = { logins: 0, renewals: 0, verified: 0, verifiedLate: 0, tooLate: 0, unanswered: 0, fetchFailed: 0 };
  /** The ids of the signing keys in order, with the newest token of each. */
  kids = [];
  tokens = new Map();
  /** When a verifier first accepted a token of a key: `${verifier} ${kid}`, in milliseconds. */
  acceptedAt = new Map();
  /** Revoked keys: their tokens are checked elsewhere. */
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

  /** Stops, and waits until every token was verified a second time. */
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

  /** A client repeats a renewal without a response, as the protocol requires. */
  async #renewed({ refresh_token }) {
    while (!this.#isOver) {
      const held = await this.#ask("refresh", { refresh_token });
      if (held !== undefined) return held;
      await sleep(PAUSE);
    }
  }

  /** The response to a request, whose token is verified; `undefined` if the issuer is down. */
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
        // jose does not use stale keys while the issuer restarts; the package must.
        if (error.message === "fetch failed") this.counts.fetchFailed += 1;
        else if (!this.revoked.has(kid)) this.refusals.push(`${name}, ${when}, ${kid}: ${error.code} ${error.message}`);
      }
    }
  }
}
