/** The list of forgeries: a button for each, and the edge's response. */

import { callWith } from "./api.js";
import { act, element, page } from "./elements.js";
import { forge } from "./forge.js";
import { report } from "./journal.js";
import { expiredPass, shownPass } from "./pass.js";
import { forgeries, reason, sendForgery, texts } from "./texts.js";

type Kind = keyof typeof forgeries;

/** The text of the last one, which needs an expired pass. */
let expiredGloss: HTMLElement | undefined;

/** Shows the list. */
export function listForgeries(): void {
  page.forgeries.replaceChildren(...(Object.keys(forgeries) as Kind[]).map(row));
}

/** Removes the responses, which were another user's. */
export function clearForgeries(): void {
  for (const verdict of page.forgeries.querySelectorAll(".verdict")) verdict.replaceChildren();
}

/** Shows when a pass will have expired. */
export function tickForgeries(): void {
  const { token, seconds } = expiredPass();
  const words = token === undefined ? texts.noneExpired(seconds) : forgeries.expired.gloss;
  if (expiredGloss !== undefined && expiredGloss.textContent !== words) expiredGloss.textContent = words;
}

function row(kind: Kind): HTMLElement {
  const { title, gloss } = forgeries[kind];
  const item = element("li");
  const what = element("div");
  const words = element("p", gloss, "gloss");
  const verdict = element("p", "", "verdict");
  const button = element("button", title);
  button.type = "button";
  button.ariaLabel = sendForgery(title);
  what.append(button, words);
  item.append(what, verdict);
  button.addEventListener("click", () => void act(() => send(kind, verdict)));
  if (kind === "expired") expiredGloss = words;
  return item;
}

async function send(kind: Kind, verdict: HTMLElement): Promise<void> {
  const forged = await forge[kind](shownPass() ?? "");
  if (forged === undefined) return verdict.replaceChildren(texts.noneYet);
  const exchange = await callWith(forged.token);
  const isRefused = exchange.status === 401;
  const words = isRefused ? texts.refused(reason(exchange)) : exchange.status === 200 ? texts.wronglyAdmitted : texts.notPossible(reason(exchange));
  verdict.replaceChildren(element("code", exchange.body.code ?? String(exchange.status)), ` ${words}`);
  report(exchange, "refused", `${forgeries[kind].title}. ${words}`);
}
