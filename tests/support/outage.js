/**
 * Correct clients of several issuers whose store has outages. They repeat requests with a 503, record what was acknowledged, and
 * check that nothing is lost.
 */

import { post, sleep } from "./client.js";

/** Milliseconds before a client repeats a request: less than Retry-After, so that a test is short. */
const PAUSE = 100;

/** Maximum milliseconds for a response during any outage: a request has several steps, each with a limit. */
const MAX_OUTAGE = 30_000;

/** The interval, in steps, of sign-outs and of reads of the user. */
const SIGN_OUTS = 40;
const LOOKS = 7;

/** Load on issuers with a common store, with one client per user. */
export class Load {
  constructor(issuers, users) {
    Object.assign(this, { issuers, refused: 0, slowest: 0, renewals: 0, signOuts: 0, losses: [], isOver: false });
    this.clients = users.map((user) => new Client(this, user));
  }

  begin() {
    this.work = Promise.all(this.clients.map((client) => client.work()));
    return this;
  }

  /** Waits until so many more renewals were acknowledged. */
  async renew(count) {
    const target = this.renewals + count;
    while (this.renewals < target && this.losses.length === 0) await sleep(20);
  }

  /** Waits until so many more answers said: not now. */
  async refuse(count) {
    const target = this.refused + count;
    while (this.refused < target && this.losses.length === 0) await sleep(20);
  }

  /** Ends the load, and asks all issuers for everything that was acknowledged. */
  async end() {
    this.isOver = true;
    await this.work;
    for (const client of this.clients) await client.check();
    const { renewals, signOuts, refused, slowest, losses } = this;
    return { renewals, signOuts, refused, slowest: Math.round(slowest), losses };
  }
}

class Client {
  constructor(load, user) {
    Object.assign(this, { load, user, turn: 0 });
    /** The pair that was acknowledged last, while signed in. */
    this.pass = undefined;
    /** Its refresh tokens from before. */
    this.superseded = [];
    /** The last pairs of all sessions that were signed out of. */
    this.ended = [];
  }

  async work() {
    for (let step = 1; !this.load.isOver; step += 1) {
      if (!this.pass) await this.signIn();
      else if (step % SIGN_OUTS === 0) await this.signOut();
      else if (step % LOOKS === 0) await this.look();
      else await this.renew();
    }
  }

  /** Asks an issuer, the next one each time, until it gets another answer than: not now. */
  async ask(request) {
    for (;;) {
      const issuer = this.load.issuers[(this.turn += 1) % this.load.issuers.length];
      const began = performance.now();
      const answer = await request(issuer);
      const text = await answer.text();
      this.load.slowest = Math.max(this.load.slowest, performance.now() - began);
      if (performance.now() - began > MAX_OUTAGE) this.lost(`an answer took ${Math.round(performance.now() - began)} ms`);
      if (answer.status !== 503) return { status: answer.status, body: text === "" ? {} : JSON.parse(text) };
      if (answer.headers.get("retry-after") === null) this.lost("a 503 says nothing of when to come back");
      this.load.refused += 1;
      await sleep(PAUSE);
    }
  }

  me(pass) {
    return this.ask(({ url }) => fetch(`${url}/me`, { headers: { authorization: `Bearer ${pass.token}` } }));
  }

  refresh(token) {
    return this.ask(({ url }) => post(`${url}/refresh`, { refresh_token: token }));
  }

  async signIn() {
    const { status, body } = await this.ask(({ url }) => post(`${url}/login`, { ...this.user, transport: "body" }));
    if (status !== 200) return this.lost(`a sign-in is refused with ${status} ${body.error}`);
    this.pass = body;
    this.superseded = [];
  }

  async renew() {
    const { status, body } = await this.refresh(this.pass.refresh_token);
    if (status !== 200) return this.lost(`the token that was given out last is refused with ${status} ${body.error}`);
    this.superseded.push(this.pass.refresh_token);
    this.pass = body;
    this.load.renewals += 1;
  }

  async look() {
    const { status } = await this.me(this.pass);
    if (status !== 200) this.lost(`its session is not there: ${status}`);
  }

  async signOut() {
    const token = this.pass.refresh_token;
    const { status } = await this.ask(({ url }) => post(`${url}/logout`, { refresh_token: token }));
    if (status !== 204) return this.lost(`a sign-out is refused with ${status}`);
    this.ended.push(this.pass);
    this.pass = undefined;
    this.load.signOuts += 1;
  }

  async check() {
    for (const pass of this.ended) {
      const seen = await this.me(pass);
      const renewed = await this.refresh(pass.refresh_token);
      if (seen.status !== 401 || renewed.status !== 400) this.lost("a sign-out was undone");
    }
    if (!this.pass) return;
    await this.look();
    await this.renew();
    // An old token is valid only if a renewal was undone. It ends the session, so it comes last.
    const old = this.superseded.at(-3);
    if (old && (await this.refresh(old)).status !== 400) this.lost("a renewal was undone");
  }

  /** Whoever lost something has nothing more to lose. */
  lost(what) {
    this.load.losses.push(`${this.user.username}: ${what}`);
    this.pass = undefined;
    this.load.isOver = true;
  }
}
