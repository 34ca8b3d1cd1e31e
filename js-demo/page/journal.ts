/** What happened, the newest first. */

import { element, page } from "./elements.js";

/** How it went: let through, renewed, refused. */
export type Outcome = "good" | "renewed" | "refused";

/** What is told of a request; of what needed none, nothing. */
export interface Told {
  request: string;
  /** The HTTP status; 0 where no answer came. */
  status: number;
  milliseconds: number;
}

/** So many entries are kept. */
const MAX_ENTRIES = 30;

/** Adds an entry: when, what was asked, the answer, and in words what that means. */
export function report(told: Told | undefined, outcome: Outcome, words: string): void {
  const entry = element("li");
  entry.dataset["outcome"] = outcome;
  const now = new Date().toLocaleTimeString();
  if (told !== undefined) entry.append(line(told));
  const when = told === undefined ? now : `${now}, after ${Math.max(1, Math.round(told.milliseconds))} ms`;
  entry.append(element("span", words, "words"), element("span", when, "when"));
  page.journal.prepend(entry);
  page.journal.children[MAX_ENTRIES]?.remove();
  page.journalEmpty.hidden = true;
  showLatest(outcome, words);
}

/** On a small screen the journal is far away: there the newest words stay in sight. */
function showLatest(outcome: Outcome, words: string): void {
  page.latest.dataset["outcome"] = outcome;
  page.latest.textContent = words;
  page.latest.hidden = false;
}

function line({ request, status }: Told): HTMLElement {
  const line = element("span", "", "line");
  line.append(element("span", status === 0 ? "–" : String(status), "status"), element("span", request, "request"));
  return line;
}
