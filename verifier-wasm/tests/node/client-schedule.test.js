/** The time of a page's next task: tests of the pure function. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { renewalAge } from "../../dist/client/lifetime.js";
import { INITIAL_STATE, nextDue, timerFor } from "../../dist/client/schedule.js";

const NOW = { monotonic: 10_000, wall: 5_000_000 };
const ago = (milliseconds) => ({ monotonic: NOW.monotonic - milliseconds, wall: NOW.wall - milliseconds });
const accessToken = (age) => ({ token: "t", expiresIn: 300, sentAt: ago(age) });
const failure = (age, wait) => ({ count: 1, error: new Error("failed"), at: ago(age), wait });
const SIGNED_IN = { ...INITIAL_STATE, isUnknown: false, accessToken: accessToken(1_000), renewalAge: 225_000 };
const SIGNED_OUT = { ...INITIAL_STATE, isUnknown: false };

const CASES = {
  "a new page asks at once": [INITIAL_STATE, 0],
  "a page asks again when the wait after a failure is over": [{ ...INITIAL_STATE, failure: failure(400, 1_000.3) }, 600.3],
  "a wait with a fraction of a millisecond left is not over": [{ ...INITIAL_STATE, failure: failure(1_000, 1_000.3) }, 0.3],
  "a wait that is over is over": [{ ...INITIAL_STATE, failure: failure(9_000, 1_000) }, 0],
  "a hidden page asks for the user's status": [{ ...INITIAL_STATE, failure: failure(0, 1_000) }, 1_000, false],
  "an unconfirmed sign-out is repeated": [{ ...SIGNED_OUT, isSigningOut: true, failure: failure(0, 2_000) }, 2_000],
  "a hidden page repeats it too": [{ ...SIGNED_OUT, isSigningOut: true }, 0, false],
  "a token is renewed before it expires": [SIGNED_IN, 224_000],
  "a failed renewal is repeated when the wait is over": [{ ...SIGNED_IN, accessToken: accessToken(290_000), failure: failure(0, 700) }, 700],
  "a hidden page renews no token": [SIGNED_IN, Infinity, false],
  "a signed-out page has no task": [SIGNED_OUT, Infinity],
};

for (const [name, [state, due, isVisible = true]] of Object.entries(CASES)) {
  test(name, () => assert.ok(Math.abs(nextDue(state, NOW, isVisible) - due) < 1e-6 || nextDue(state, NOW, isVisible) === due));
}

test("no task is due while a task is running, or the page is suspended or disposed", () => {
  for (const flag of ["isRenewing", "isChanging", "isSuspended", "isDisposed"]) {
    for (const state of [INITIAL_STATE, SIGNED_IN, { ...SIGNED_OUT, isSigningOut: true }]) assert.equal(nextDue({ ...state, [flag]: true }, NOW, true), Infinity);
  }
});

test("a clock that was set back by hours, or that stopped during sleep, prolongs no wait", () => {
  const state = { ...INITIAL_STATE, failure: failure(0, 1_000) };
  assert.equal(nextDue(state, { monotonic: NOW.monotonic + 1_000, wall: NOW.wall - 9e6 }, true), 0);
  assert.equal(nextDue(state, { monotonic: NOW.monotonic, wall: NOW.wall + 1_000 }, true), 0);
});

test("a clock that was ahead for hours when a token arrived delays no renewal", () => {
  const granted = { ...accessToken(0), sentAt: NOW };
  const state = { ...SIGNED_IN, accessToken: granted, renewalAge: renewalAge(granted, 0, { monotonic: NOW.monotonic + 100, wall: NOW.wall + 7e6 }) };
  assert.equal(nextDue(state, { monotonic: NOW.monotonic + 225_000, wall: NOW.wall + 225_000 }, true), 0);
});

test("a timer is neither shorter than a coarse clock's step nor longer than a minute", () => {
  assert.deepEqual([0, 0.3, 250, 9e9].map(timerFor), [100, 100, 250, 60_000]);
});
