/** What happened, the newest first. */

import type { Exchange } from "./api.js";
import { page } from "./elements.js";

/** How it went: let through, renewed on the way, refused. */
type Outcome = "good" | "renewed" | "refused";

/** So many entries are kept. */
const MOST = 30;

/** Adds an entry: when, what was asked, the answer, and in words what that means. */
export function report({ request, status, milliseconds }: Exchange, outcome: Outcome, words: string): void {
  const entry = document.createElement("li");
  entry.dataset["outcome"] = outcome;
  const line = span("line", "");
  line.append(span("status", status === 0 ? "–" : String(status)), span("request", request));
  const when = `${new Date().toLocaleTimeString()}, after ${Math.max(1, Math.round(milliseconds))} ms`;
  entry.append(line, span("words", words), span("when", when));
  page.timeline.prepend(entry);
  page.timeline.children[MOST]?.remove();
  page.timelineEmpty.hidden = true;
}

function span(className: string, text: string): HTMLSpanElement {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}
