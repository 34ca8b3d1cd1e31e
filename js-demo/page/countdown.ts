/** The countdown ring of the pass; the wasm verifier returns the remaining time. */

import { expiresIn } from "hallpass";
import { page } from "./elements.js";
import { still, texts } from "./texts.js";

/** Milliseconds between two updates: short enough that no second is skipped. */
const INTERVAL = 200;

let ticking: number | undefined;

/** Counts down the lifetime of `token`, and calls back when it has expired. */
export function startCountdown(token: string, lifetime: number, onExpired: () => void): void {
  stopCountdown();
  const update = (): void => {
    const left = Math.max(0, expiresIn(token));
    show(left, lifetime);
    if (left > 0) return;
    clearInterval(ticking);
    onExpired();
  };
  ticking = window.setInterval(update, INTERVAL);
  update();
}

/** Shows that there is no pass. */
export function stopCountdown(): void {
  clearInterval(ticking);
  page.countdown.dataset["state"] = "none";
  page.countdownSeconds.textContent = "–";
  page.countdownUnit.textContent = still.noPass;
}

function show(left: number, lifetime: number): void {
  page.countdown.dataset["state"] = left === 0 ? "over" : "running";
  page.countdown.style.setProperty("--left", String(Math.min(1, left / lifetime)));
  page.countdownSeconds.textContent = String(left);
  page.countdownUnit.textContent = left === 0 ? texts.over : texts.secondsLeft(left);
}
