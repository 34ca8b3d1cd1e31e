/** The list of what the edge refuses: a button for each, and what it said. */

import { callWith } from "./api.js";
import { act, element, page } from "./elements.js";
import { forge } from "./forge.js";
import { report } from "./journal.js";
import { runOutPass, shownPass } from "./pass.js";
import { forgeries, reason, sendForgery, texts } from "./texts.js";

type Kind = keyof typeof forgeries;

/** The words below the last one, which waits until there is a pass that has run out. */
let expiredGloss: HTMLElement | undefined;

/** Lists them. */
export function listForgeries(): void {
  page.forgeries.replaceChildren(...(Object.keys(forgeries) as Kind[]).map(row));
}

/** Forgets what the edge said: it was to somebody else. */
export function clearForgeries(): void {
  for (const verdict of page.forgeries.querySelectorAll(".verdict")) verdict.replaceChildren();
}

/** Says when there will be a pass that has run out. */
export function tickForgeries(): void {
  const { token, seconds } = runOutPass();
  const words = token === undefined ? texts.noneRunOut(seconds) : forgeries.expired.gloss;
  if (expiredGloss !== undefined && expiredGloss.textContent !== words) expiredGloss.textContent = words;
}

function row(kind: Kind): HTMLElement {
  const { title, gloss } = forgeries[kind];
  const item = element("li");
  const [what, words, verdict] = [element("div"), element("p", gloss, "gloss"), element("p", "", "verdict")];
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
  const words = isRefused ? texts.refused(reason(exchange)) : exchange.status === 200 ? texts.letThrough : texts.notPossible(reason(exchange));
  verdict.replaceChildren(element("code", exchange.body.code ?? String(exchange.status)), ` ${words}`);
  report(exchange, "refused", `${forgeries[kind].title}. ${words}`);
}
