/** The ring that runs down with the pass; how much is left is asked of the wasm verifier. */

import { expiresIn } from "hallpass";
import { page } from "./elements.js";
import { still, texts } from "./texts.js";

/** Milliseconds between two looks: often enough that a second never seems to last two. */
const LOOK = 200;

let ticking: number | undefined;

/** Runs down from `lifetime` seconds as `token` does, and tells once it has run out. */
export function startCountdown(token: string, lifetime: number, onRunOut: () => void): void {
  stopCountdown();
  const look = (): void => {
    const left = Math.max(0, expiresIn(token));
    show(left, lifetime);
    if (left > 0) return;
    clearInterval(ticking);
    onRunOut();
  };
  ticking = window.setInterval(look, LOOK);
  look();
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
