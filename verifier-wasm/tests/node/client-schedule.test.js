/** When a page has something to do next: the pure function by itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { renewalAge } from "../../dist/client/lifetime.js";
import { nextDue, OPENED, timerFor } from "../../dist/client/schedule.js";

const NOW = { monotonic: 10_000, wall: 5_000_000 };
const ago = (milliseconds) => ({ monotonic: NOW.monotonic - milliseconds, wall: NOW.wall - milliseconds });
const pass = (age) => ({ token: "t", expiresIn: 300, sentAt: ago(age) });
const failure = (age, wait) => ({ count: 1, error: new Error("failed"), at: ago(age), wait });
const SIGNED_IN = { ...OPENED, isInDoubt: false, pass: pass(1_000), renewalAge: 225_000 };
const SIGNED_OUT = { ...OPENED, isInDoubt: false };

const CASES = {
  "a page that was opened just now asks at once": [OPENED, 0],
  "a page that failed asks when its wait is over": [{ ...OPENED, failure: failure(400, 1_000.3) }, 600.3],
  "a wait of which a fraction of a millisecond is left is not over": [{ ...OPENED, failure: failure(1_000, 1_000.3) }, 0.3],
  "a wait that is over is over": [{ ...OPENED, failure: failure(9_000, 1_000) }, 0],
  "a hidden page finds out who is there, too": [{ ...OPENED, failure: failure(0, 1_000) }, 1_000, false],
  "a sign-out that the issuer has not heard of is told again": [{ ...SIGNED_OUT, isEnding: true, failure: failure(0, 2_000) }, 2_000],
  "a hidden page tells of it, too": [{ ...SIGNED_OUT, isEnding: true }, 0, false],
  "a token is renewed before it expires": [SIGNED_IN, 224_000],
  "a token that could not be renewed is renewed when the wait is over": [{ ...SIGNED_IN, pass: pass(290_000), failure: failure(0, 700) }, 700],
  "a hidden page renews no token": [SIGNED_IN, Infinity, false],
  "a page that is signed out has nothing to do": [SIGNED_OUT, Infinity],
};

for (const [name, [standing, due, isVisible = true]] of Object.entries(CASES)) {
  test(name, () => assert.ok(Math.abs(nextDue(standing, NOW, isVisible) - due) < 1e-6 || nextDue(standing, NOW, isVisible) === due));
}

test("nothing is due while something is under way, whose end changes the standing", () => {
  for (const flag of ["isRenewing", "isChanging", "isAway", "isDisposed"]) {
    for (const standing of [OPENED, SIGNED_IN, { ...SIGNED_OUT, isEnding: true }]) assert.equal(nextDue({ ...standing, [flag]: true }, NOW, true), Infinity);
  }
});

test("a clock that was set back by hours, or stood still in sleep, prolongs no wait", () => {
  const standing = { ...OPENED, failure: failure(0, 1_000) };
  assert.equal(nextDue(standing, { monotonic: NOW.monotonic + 1_000, wall: NOW.wall - 9e6 }, true), 0);
  assert.equal(nextDue(standing, { monotonic: NOW.monotonic, wall: NOW.wall + 1_000 }, true), 0);
});

test("a clock that was ahead for hours when a token came puts no renewal off", () => {
  const granted = { ...pass(0), sentAt: NOW };
  const standing = { ...SIGNED_IN, pass: granted, renewalAge: renewalAge(granted, 0, { monotonic: NOW.monotonic + 100, wall: NOW.wall + 7e6 }) };
  assert.equal(nextDue(standing, { monotonic: NOW.monotonic + 225_000, wall: NOW.wall + 225_000 }, true), 0);
});

test("a timer is neither shorter than a coarse clock's step nor longer than a minute", () => {
  assert.deepEqual([0, 0.3, 250, 9e9].map(timerFor), [100, 100, 250, 60_000]);
});
