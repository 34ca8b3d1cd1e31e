/** Runs a history with its issuers, the network, and every kind of verifier, which verifies tokens at each event. */

import { Random } from "../client/random.js";
import { Cache, Issuers } from "./issuers.js";
import { Judge } from "./judge.js";
import { Line } from "./line.js";
import { Time } from "./time.js";
import { KINDS, Subject } from "./verifiers.js";

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

/** Milliseconds for which tokens of revoked keys are tried: longer than any verifier may accept them. */
const TRIED = 2 * DAY;

/** How often a verifier is asked for a stolen token, and how often once it has refused it: each of those makes it look for keys. */
const TRY = { first: 0.5, refused: 0.02 };

/** Milliseconds after which a verifier with `verifySync` is asked again: its fetch is done by then. */
const AGAIN = 6 * SECOND;

/** The default maximum of reported violations. */
const ENOUGH = 3;

/**
 * Lives through the lines of a history with verifiers by `createVerifier`, up to so many violations. Returns the `violations`,
 * the `counts`, and what was `worst`.
 */
export async function liveThrough({ lines, seed, createVerifier, kinds = KINDS, enough = ENOUGH }) {
  const life = new Life(lines[0], { random: new Random(seed), createVerifier, kinds });
  const restore = life.time.install();
  try {
    for (const line of lines.slice(1)) {
      if (life.judge.violations.length >= enough) break;
      await life.take(line);
    }
    await life.end();
  } finally {
    restore();
  }
  return { violations: life.judge.violations, counts: { ...life.counts, ...life.judge.counts }, worst: life.judge.worst };
}

class Life {
  time = new Time();
  counts = { rotations: 0, revocations: 0, questions: 0, fetches: 0, failures: 0, starts: 0 };
  #random;
  #issuers;
  #subjects;
  #living = [];
  #fresh = [];
  #stolen = [];
  #begun;

  constructor({ at, issuer, audience }, { random, createVerifier, kinds }) {
    const { time, counts } = this;
    time.now = this.#begun = at * SECOND;
    this.judge = new Judge(time);
    this.#random = random;
    this.#issuers = new Issuers(time, random);
    const line = (isSteady) => new Line(time, random, { isSteady });
    const cache = new Cache(time, this.#issuers, line(true));
    const sources = {
      issuers: this.#issuers,
      cache,
      cacheWithLosses: new Cache(time, this.#issuers, line(false)),
      twoCaches: new Cache(time, cache, line(true)),
    };
    const subject = (kind) => new Subject(kind, { time, random, sources, createVerifier, policy: { issuer, audience }, counts });
    this.#subjects = kinds.map(subject);
  }

  async take(line) {
    if (line.event === "key_set") return this.#issuers.learn(line);
    // Events of the same moment are handled together.
    if (this.#fresh.length > 0 && line.at > this.#fresh[0].at) await this.#ask();
    await this.time.passUntil(line.at * SECOND);
    this.#learn(line);
  }

  async end() {
    if (this.#fresh.length > 0) await this.#ask();
    this.counts.days = Math.round((this.time.now - this.#begun) / DAY);
  }

  #learn(line) {
    if (line.event === "answer") {
      this.#issuers.learn(line);
      this.#fresh.push(line);
    } else if (line.event === "revoke") {
      this.counts.revocations += 1;
      this.judge.learn(line);
      this.#stolen.push({ kid: line.kid, text: line.stolen, until: Infinity, at: line.at * SECOND, refusedBy: new Set() });
    } else if (line.event === "rotate") {
      this.counts.rotations += 1;
    }
  }

  async #ask() {
    const { now } = this.time;
    const fresh = this.#fresh.map(({ kid, token, expires_at: until }) => ({ kid, text: token, until: until * SECOND }));
    this.#fresh = [];
    this.#living = [...this.#living.filter(({ until }) => until > now - 60 * SECOND), ...fresh];
    this.#stolen = this.#stolen.filter(({ at }) => now - at < TRIED);
    for (const subject of this.#subjects.filter((each) => each.isDue())) {
      const tokens = [this.#random.pick(fresh), this.#latest(subject), ...this.#stolenFor(subject)];
      await this.time.on(subject.machine, () => tokens.forEach((token) => this.#put(subject, token)));
      subject.liveOn();
    }
  }

  /** The token that expires next for that verifier. */
  #latest({ policy: { leeway } }) {
    const end = this.time.now - leeway * SECOND;
    return this.#living.reduce((latest, token) => (token.until > end && token.until < latest.until ? token : latest), this.#living.at(-1));
  }

  #stolenFor(subject) {
    return this.#stolen.filter(({ refusedBy }) => this.#random.chance(refusedBy.has(subject) ? TRY.refused : TRY.first));
  }

  #put(subject, token) {
    const calledAt = this.time.now;
    this.counts.questions += 1;
    const until = token.until + subject.policy.leeway * SECOND;
    subject.ask(token.text).then((outcome) => {
      if (outcome !== "good") token.refusedBy?.add(subject);
      const isAskedAgain = this.judge.hear(subject, { kid: token.kid, until }, outcome, calledAt);
      if (isAskedAgain) this.time.after(AGAIN, subject.machine, () => this.#put(subject, token));
    });
  }
}
