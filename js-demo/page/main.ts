/** The page's actions: each is a button, some requests, and an entry in the journal. */

import type { SessionError } from "hallpass/client";
import { exchange, PROTECTED, refreshByCookie, type Exchange } from "./api.js";
import { act, page } from "./elements.js";
import { clearForgeries, listForgeries, tickForgeries } from "./forgeries.js";
import { report } from "./journal.js";
import { showPass, shownPass } from "./pass.js";
import { addDevice, endAll, listSessions } from "./sessions.js";
import { lastRequest, pause, refreshPass, resume, send, start } from "./session.js";
import { reason, signInRefusal, texts } from "./texts.js";
import { playTheft } from "./theft.js";

/** Milliseconds between two checks for expired passes. */
const TICK = 500;

async function signIn(): Promise<void> {
  page.signInError.textContent = "";
  try {
    await resume().signIn({ username: page.username.value, password: page.password.value });
  } catch (error) {
    const words = signInRefusal(error as SessionError);
    page.signInError.textContent = words;
    page.password.focus();
    return report(lastRequest(), "refused", words);
  }
  // Before the next wait: on a slow computer the pass may be due for renewal already.
  const request = lastRequest();
  await refreshPass();
  report(request, "good", texts.signedIn);
  page.holderName.focus();
}

async function call(): Promise<void> {
  const answer = await exchange(send, "GET", `${PROTECTED}?measure`);
  showMeasure(answer);
  if (answer.status !== 200) {
    const words = answer.status === 401 ? texts.refused : texts.notPossible;
    return report(answer, "refused", words(reason(answer)));
  }
  if (!answer.body.renewed) return report(answer, "good", texts.verified(texts.inTime(answer.body.microseconds ?? 0)));
  report(answer, "renewed", texts.renewedOnTheWay);
  const { body } = await refreshByCookie();
  if (body.access_token !== undefined) showPass(body.access_token);
}

function showMeasure({ body, milliseconds }: Exchange): void {
  const { microseconds, repetitions } = body;
  page.measure.hidden = microseconds === undefined || repetitions === undefined;
  if (microseconds === undefined || repetitions === undefined) return;
  const trip = Math.max(1, Math.round(milliseconds - (microseconds * repetitions) / 1000));
  page.microseconds.textContent = microseconds > 0 ? texts.microseconds(microseconds) : "";
  page.measureWords.textContent = microseconds > 0 ? texts.measured(repetitions, trip) : texts.notMeasured;
}

async function signOut(): Promise<void> {
  const outcome = await resume().signOut();
  report(lastRequest(), "good", outcome === "pending" ? texts.signOutPending : texts.signedOut);
  page.username.focus();
}

function keep(): void {
  const isOn = page.keep.checked;
  if (isOn) resume();
  else pause();
  report(undefined, "good", isOn ? texts.resumed : texts.paused);
}

/** The pass has changed or was removed. */
function changed(): void {
  if (shownPass() === undefined) {
    page.measure.hidden = true;
    clearForgeries();
  }
  tickForgeries();
  void listSessions();
}

listForgeries();
page.signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  void act(signIn);
});
page.call.addEventListener("click", () => void act(call));
page.signOut.addEventListener("click", () => void act(signOut));
page.keep.addEventListener("change", keep);
page.addDevice.addEventListener("click", () => void act(addDevice));
page.endAll.addEventListener("click", () => void act(endAll));
page.theft.addEventListener("click", () => void playTheft(listSessions));
setInterval(tickForgeries, TICK);
void act(() => start(changed));
