/**
 * Load on an issuer that is killed repeatedly. The clients follow the protocol, record what was acknowledged, and check after each
 * restart that nothing is lost.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { post, sleep } from "./client.js";
import { addUser, binary, startIssuer } from "./issuer.js";

/** Concurrent clients, each with its own user: a user has a maximum of sessions, and lost sign-ins leave some. */
const CLIENTS = 8;

/** Maximum milliseconds of load before the issuer is killed. */
const MAX_LOAD = 800;

/** Maximum milliseconds after its start at which an issuer is killed: about the time of a start. */
const MAX_START = 150;

/** Minimum acknowledged writes before an issuer is killed, and the number of waits of 10 ms for them. */
const MIN_WRITES = 40;
const MAX_WAITS = 1000;

/** Random numbers from 0 to 1 by a seed, so that a run can be repeated as far as timing allows (mulberry32). */
function randomness(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Kills issuers `kills` times on one store, and calls `meddle` with the store before each start. Returns the counts, and `losses`
 * with a sentence each.
 */
export async function crashRun({ folder, kills, seed, meddle = () => {} }) {
  const random = randomness(seed);
  // Without a grace, every refresh writes, and every retry is late.
  const rules = ["--access-ttl", "1h", "--refresh-grace", "0"];
  const args = ["--store", `sled:${folder}`, "--issuer", "http://localhost:8080", ...rules];
  const acknowledged = { logins: 0, rotations: 0, logouts: 0 };
  const report = { seed, kills: 0, killsWhileOpening: 0, ...acknowledged, lostAnswers: 0, busy: 0, losses: [] };
  // The first starts are killed too, while the store is created.
  for (let index = 0; index < 2 && report.kills < kills; index += 1) await killWhileOpening(args, random, report);
  const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(index, random, report));
  for (const { credentials } of clients) addUser(folder, credentials);

  while (report.kills < kills) {
    while (random() < 0.3 && report.kills < kills - 1) await killWhileOpening(args, random, report);
    meddle();
    const issuer = await startIssuer({ args, readsLog: false });
    for (const client of clients) await client.check(issuer.url);
    const before = writes(report);
    const load = clients.map((client) => client.work(issuer.url));
    await sleep(random() * MAX_LOAD);
    // On a busy machine the first sign-in takes a while, and without one there is nothing to lose.
    for (let waited = 0; waited < MAX_WAITS && writes(report) < before + MIN_WRITES; waited += 1) await sleep(10);
    await issuer.kill();
    report.kills += 1;
    await Promise.all(load);
  }

  meddle();
  const issuer = await startIssuer({ args, readsLog: false });
  for (const client of clients) {
    await client.check(issuer.url);
    await client.checkEverything(issuer.url);
  }
  await issuer.stop();
  return report;
}

const writes = ({ logins, rotations, logouts }) => logins + rotations + logouts;

/** Starts an issuer and kills it during its start. */
async function killWhileOpening(args, random, report) {
  const child = spawn(binary, ["serve", "--listen", "127.0.0.1:0", ...args], { stdio: "ignore" });
  const exited = once(child, "exit");
  await sleep(random() * MAX_START);
  child.kill("SIGKILL");
  const [status] = await exited;
  if (status !== null) report.losses.push(`an issuer ended by itself while it opened its store, with status ${status}`);
  report.kills += 1;
  report.killsWhileOpening += 1;
}

/** A response, or undefined if it was lost. */
async function ask(request) {
  try {
    const response = await request;
    const body = response.status === 204 ? {} : await response.json();
    return { status: response.status, body };
  } catch {
    return undefined;
  }
}

class Client {
  constructor(index, random, report) {
    this.credentials = { username: `user${index}`, password: "examplePassword" };
    Object.assign(this, { random, report });
    /** The pair that was acknowledged last, while signed in. */
    this.pass = undefined;
    /** The previous refresh tokens of the session, newest last. They are invalid. */
    this.superseded = [];
    /** Whether the answer to a sign-out was lost. */
    this.leaves = false;
    /** The last pairs of all sessions that were signed out of. */
    this.ended = [];
  }

  lost(what) {
    this.report.losses.push(`${this.credentials.username}: ${what}`);
  }

  /** Signs in, renews, looks and signs out until an answer is lost. */
  async work(url) {
    for (;;) {
      const dice = this.random();
      let answered;
      if (!this.pass) answered = await this.signIn(url);
      // Rarely: a sign-in waits for its hash, and a client that is signed out at a kill has nothing to lose.
      else if (dice < 0.01) answered = await this.signOut(url);
      else if (dice < 0.1) answered = await this.look(url);
      else answered = await this.renew(url);
      if (!answered) return;
    }
  }

  async signIn(url) {
    const answer = await ask(post(`${url}/login`, { ...this.credentials, transport: "body" }));
    if (!answer) return false;
    if (answer.status !== 200) this.lost(`a sign-in is refused with ${answer.status} ${answer.body.error}`);
    else {
      this.pass = answer.body;
      this.superseded = [];
      this.report.logins += 1;
    }
    return true;
  }

  async renew(url) {
    const answer = await ask(post(`${url}/refresh`, { refresh_token: this.pass.refresh_token }));
    if (!answer) return this.missed();
    // The protocol: repeat the same request.
    if (answer.status === 503) this.report.busy += 1;
    else if (answer.status === 200) {
      this.superseded.push(this.pass.refresh_token);
      this.pass = answer.body;
      this.report.rotations += 1;
    } else {
      this.lost(`the token that was acknowledged last is refused with ${answer.status} ${answer.body.error}`);
      this.pass = undefined;
    }
    return true;
  }

  async signOut(url) {
    this.leaves = true;
    const answer = await ask(post(`${url}/logout`, { refresh_token: this.pass.refresh_token }));
    if (!answer) return this.missed();
    this.leaves = false;
    if (answer.status === 204) {
      this.ended.push(this.pass);
      this.report.logouts += 1;
    } else this.lost(`a sign-out is refused with ${answer.status}`);
    this.pass = undefined;
    return true;
  }

  async look(url) {
    const answer = await this.me(url, this.pass);
    if (answer && answer.status !== 200) this.lost(`its session is not there: ${answer.status}`);
    return Boolean(answer);
  }

  missed() {
    this.report.lostAnswers += 1;
    return false;
  }

  me(url, { token }) {
    return ask(fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } }));
  }

  /** After a restart: what was acknowledged is there, and what was under way is asked again, with the same token. */
  async check(url) {
    if (this.leaves) await this.signOut(url);
    else if (this.pass) {
      await this.look(url);
      await this.renew(url);
    }
    for (const pass of this.ended.slice(-2)) await this.checkEnded(url, pass);
  }

  async checkEnded(url, pass) {
    const seen = await this.me(url, pass);
    const renewed = await ask(post(`${url}/refresh`, { refresh_token: pass.refresh_token }));
    if (seen?.status !== 401 || renewed?.status !== 400) this.lost("a sign-out was undone");
  }

  /** At the end: every session that was signed out of is over, and no token but the last is worth anything. */
  async checkEverything(url) {
    for (const pass of this.ended) await this.checkEnded(url, pass);
    const old = this.superseded.at(-2);
    if (!old) return;
    const answer = await ask(post(`${url}/refresh`, { refresh_token: old }));
    if (answer?.status !== 400) this.lost(`a superseded token is answered with ${answer?.status}: a rotation was undone`);
  }
}
