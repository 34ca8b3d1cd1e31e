/** The users' actions, and the resulting expectations: the signed-in user, and the ended sessions. */

/** The sessions of one cookie jar, or of one storage. */
export class Ledger {
  /** The session of each refresh token that the issuer gave. */
  sessions = new Map();
  /** Sessions that were signed out of, or that a sign-in has replaced. */
  endedByUser = new Set();
  /** Sessions that the issuer was asked to end, and ended. */
  over = new Set();
  /** The session that the last sign-out was meant for. */
  lastOut;
  /** Sessions whose sign-out was told to have been confirmed. */
  confirmed = new Set();
  /** `{ in: session }`, `"out"`, or `"any"` after contradictory actions. */
  expected = "out";
  lastLogin;
  #signingIn = 0;
  /** What is expected where none of the sign-ins under way succeeds. */
  #before = "out";
  #isContradicted = false;

  /** A user tries to sign in. Until the result is known, any state is allowed. */
  signInBegins() {
    if (this.#signingIn === 0) [this.#before, this.#isContradicted] = [this.expected, false];
    this.#signingIn += 1;
    this.expected = "any";
  }

  /** The tokens of a session take the place of those that were there. */
  signsIn(session) {
    for (const other of this.sessions.values()) if (other !== session) this.endedByUser.add(other);
    if (this.#isContradicted) this.endedByUser.add(session);
  }

  /** `session` is the new one; without one, the issuer may still have created it. */
  signInEnds({ session, isReached }) {
    this.#signingIn -= 1;
    if (session !== undefined) this.#before = session === this.lastLogin ? { in: session } : "any";
    else if (isReached) this.#before = "any";
    if (this.#signingIn === 0) this.expected = this.#isContradicted ? "any" : this.#before;
  }

  signOutBegins(sessions, current) {
    this.lastOut = this.endedByUser.has(current) ? undefined : current;
    for (const session of sessions) this.endedByUser.add(session);
    this.#isContradicted = true;
    if (this.#signingIn === 0) this.expected = "out";
  }

  signOutEnds(outcome, sessions) {
    if (outcome === "ended") for (const session of sessions) this.confirmed.add(session);
  }
}
