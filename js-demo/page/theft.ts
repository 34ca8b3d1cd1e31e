/** A simulated theft: an app that stores its refresh token itself, a thief with a copy, and the real issuer. */

import { appRefresh, appSignIn, type Exchange } from "./api.js";
import { element, page } from "./elements.js";
import { report, type Outcome } from "./journal.js";
import { reason, texts } from "./texts.js";

/** Milliseconds between two renewals of the app, and between two steps, so that a user can read them. */
const RENEWAL = 700;
const STEP = 900;

/** Maximum renewals until the app gets a new token: during the grace the issuer repeats the last one. */
const MAX_RENEWALS = 100;

/**
 * Runs it step by step, once at a time; the rest of the page stays usable. `onStep` is called when the sessions may have changed.
 * The button is not `disabled`, because it would lose the focus.
 */
export async function playTheft(onStep: () => Promise<void>): Promise<void> {
  if (page.theft.ariaDisabled === "true") return;
  page.theft.ariaDisabled = "true";
  page.theftSteps.replaceChildren();
  await play(onStep).finally(() => { page.theft.ariaDisabled = "false"; });
}

async function play(onStep: () => Promise<void>): Promise<void> {
  const words = texts.theft;
  const signedIn = await appSignIn();
  const stolen = signedIn.body.refresh_token;
  if (stolen === undefined) return abort(signedIn);
  await step(words.signIn, "good", code(stolen));
  await onStep();
  await step(words.copy, "refused", code(stolen));
  const second = await renewed(stolen);
  if (second.body.refresh_token === undefined) return abort(second);
  await step(words.first, "renewed", code(second.body.refresh_token));
  await step(words.wait);
  const third = await renewed(second.body.refresh_token);
  if (third.body.refresh_token === undefined) return abort(third);
  await step(words.second, "renewed", code(third.body.refresh_token));
  await replay(stolen, third.body.refresh_token);
  await onStep();
}

async function replay(stolen: string, newest: string): Promise<void> {
  const replayed = await appRefresh(stolen);
  if (replayed.body.error !== "invalid_grant") return abort(replayed);
  await step(texts.theft.replay, "refused", verdict(replayed));
  const owner = await appRefresh(newest);
  if (owner.body.error !== "invalid_grant") return abort(owner);
  await step(texts.theft.owner, "refused", verdict(owner));
  report(owner, "refused", texts.theft.done);
}

/** Renews until the issuer returns a token other than the presented one. */
async function renewed(presented: string): Promise<Exchange> {
  for (let count = 1; ; count += 1) {
    const answer = await appRefresh(presented);
    if (answer.body.refresh_token !== presented || count === MAX_RENEWALS) return answer;
    await pause(RENEWAL);
  }
}

async function step(words: string, outcome?: Outcome, shown?: HTMLElement): Promise<void> {
  const item = element("li", words);
  if (outcome !== undefined) item.dataset["outcome"] = outcome;
  if (shown !== undefined) item.append(" ", shown);
  page.theftSteps.append(item);
  await pause(STEP);
}

/** The end of a token: its start is the same for a whole session. */
function code(token: string): HTMLElement {
  return element("code", `hprt_…${token.slice(-10)}`);
}

function verdict({ status, body }: Exchange): HTMLElement {
  return element("code", `${status} ${body.error ?? ""}`, "verdict");
}

function abort(answer: Exchange): void {
  const words = texts.theft.failed(reason(answer));
  page.theftSteps.append(element("li", words));
  report(answer, "refused", words);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
