/**
 * The properties, derived from the served key sets and the signed tokens.
 *
 * - *No valid token is refused* by a verifier that can know its key: one that was connected for more than a minute (the longest
 *   pause between two attempts), or one that was disconnected and has a set with the key that is not older than its freshness and
 *   `maxStale`. `verifySync` must accept it once its background fetch is done.
 * - *No token of a revoked key is accepted* from `gone_at` on; with a failed last fetch, or by `verifySync`, from `maxStale` later;
 *   and never by a verifier that has fetched a set without the key.
 *
 * A key that replaces a revoked one signs before every verifier can have it. A verifier that asks the issuers directly must accept
 * it once all issuers know it and the cool-down for unknown keys is over; one behind a cache, or with `verifySync`, at the time
 * that the issuer states.
 */

const SECOND = 1_000;

/** The package's longest pause after a failure, and its pause between two searches for an unknown key (`back-off.ts`, `remote-keys.ts`). */
const MAX_PAUSE = 60 * SECOND;
const COOL_DOWN = 30 * SECOND;

/** Maximum time of a fetch. */
const TIME_OUT = 5 * SECOND;

/** The time of a snapshot is in whole seconds. */
const ROUNDING = SECOND;

/** Refusals because of the token's time, not because of keys. */
const OTHER = ["ERR_TOKEN_EXPIRED"];

export class Judge {
  violations = [];
  counts = { good: 0, stolenAccepted: 0, stolenRefused: 0, cutOff: 0, hasty: 0, couldNotWait: 0 };
  /** The maximum seconds for which a revoked key was accepted, and for which a valid token of an early key was refused. */
  worst = { inTouch: 0, cutOff: 0, couldNotWait: 0, hasty: 0 };
  #time;
  #revoked = new Map();
  #hasty = new Map();

  constructor(time) {
    this.#time = time;
  }

  /** Applies the revocation of a key in a history. */
  learn({ kid, at, gone_at: goneAt, unseen_at: unseenAt, successor, unknown_until: unknownUntil }) {
    this.#revoked.set(kid, { at: at * SECOND, goneAt: goneAt * SECOND });
    if (unknownUntil === null) return;
    this.#hasty.set(successor, { at: at * SECOND, seenAt: unseenAt * SECOND, until: unknownUntil * SECOND });
  }

  /** Checks the answer of a verifier; returns whether to ask it again. */
  hear(subject, { kid, until }, outcome, calledAt) {
    const { now } = this.#time;
    if (this.#revoked.has(kid)) return this.#hearOfRevoked(subject, this.#revoked.get(kid), kid, outcome);
    if (outcome === "good") this.counts.good += 1;
    else if (OTHER.includes(outcome)) this.#hearOfOther(subject, until, outcome);
    // The token may have expired while the machine slept or the issuer did not respond.
    else if (now < until) return this.#hearOfRefused(subject, kid, outcome, calledAt);
  }

  #hearOfRevoked(subject, { at, goneAt }, kid, outcome) {
    const { now } = this.#time;
    const { newest, failedAt } = subject.record;
    if (outcome !== "good") return void (this.counts.stolenRefused += 1);
    this.counts.stolenAccepted += 1;
    const isCutOff = failedAt !== undefined && failedAt >= newest.freshUntil - MAX_PAUSE;
    const promised = goneAt + subject.caches * SECOND + (subject.kind.hasSnapshot ? ROUNDING : 0);
    const end = promised + (isCutOff || subject.kind.isSync ? subject.maxStale : 0);
    if (now >= end) this.#violated(subject, `accepts ${kid}, which was revoked ${(now - at) / SECOND} s ago, ${(now - end) / SECOND} s too late`);
    if (!newest.kids.includes(kid)) this.#violated(subject, `accepts ${kid}, which is not in the set that it has fetched`);
    const how = subject.kind.isSync ? "couldNotWait" : isCutOff ? "cutOff" : "inTouch";
    this.worst[how] = Math.max(this.worst[how], (now - at) / SECOND);
  }

  #hearOfOther(subject, until, outcome) {
    if (outcome === "ERR_TOKEN_EXPIRED" && this.#time.now < until) this.#violated(subject, `says that a token has expired, ${(until - this.#time.now) / SECOND} s early`);
  }

  #hearOfRefused(subject, kid, outcome, calledAt) {
    const { now } = this.#time;
    const isInTouch = subject.reachableSince() <= calledAt - MAX_PAUSE - SECOND;
    if (this.#isHeld(subject, kid)) this.#violated(subject, `refuses a good token by ${kid}, which it holds: ${outcome}`);
    else if (!isInTouch) this.counts.cutOff += 1;
    else if (this.#isHasty(subject, kid)) this.#excuseHasty(kid);
    else if (subject.kind.isSync && !this.#isFresh(subject)) return this.#excuseOneThatCannotWait();
    else this.#violated(subject, `refuses a good token by ${kid}, though the issuer can be reached: ${outcome}, after ${(now - calledAt) / SECOND} s`);
  }

  #isHeld({ record: { newest }, machine, maxStale }, kid) {
    return newest !== undefined && newest.kids.includes(kid) && this.#time.now < newest.freshUntil + maxStale && machine.setAt < newest.askedAt;
  }

  #isHasty({ caches, kind }, kid) {
    const hasty = this.#hasty.get(kid);
    return hasty !== undefined && this.#time.now < (caches > 0 || kind.isSync ? hasty.until : hasty.seenAt + COOL_DOWN + 2 * TIME_OUT);
  }

  #excuseHasty(kid) {
    this.counts.hasty += 1;
    this.worst.hasty = Math.max(this.worst.hasty, (this.#time.now - this.#hasty.get(kid).at) / SECOND);
  }

  #isFresh({ record: { newest } }) {
    return newest !== undefined && this.#time.now < newest.freshUntil;
  }

  #excuseOneThatCannotWait() {
    this.counts.couldNotWait += 1;
    return true;
  }

  #violated(subject, what) {
    this.violations.push(`${new Date(this.#time.now).toISOString()}: the verifier ${subject.name} ${what}`);
  }
}
