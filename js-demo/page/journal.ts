/** The journal: what happened, newest first. */

import { element, page } from "./elements.js";

/** The outcome of a request: admitted, renewed, refused. */
export type Outcome = "good" | "renewed" | "refused";

/** The data of a request in the journal. */
export interface RequestLog {
  request: string;
  /** The HTTP status; 0 without a response. */
  status: number;
  milliseconds: number;
}

/** Maximum number of entries. */
const MAX_ENTRIES = 30;

/** Adds an entry: the time, the request, the response, and its meaning. */
export function report(request: RequestLog | undefined, outcome: Outcome, words: string): void {
  const entry = element("li");
  entry.dataset["outcome"] = outcome;
  const now = new Date().toLocaleTimeString();
  if (request !== undefined) entry.append(line(request));
  const when = request === undefined ? now : `${now}, after ${Math.max(1, Math.round(request.milliseconds))} ms`;
  entry.append(element("span", words, "words"), element("span", when, "when"));
  page.journal.prepend(entry);
  page.journal.children[MAX_ENTRIES]?.remove();
  page.journalEmpty.hidden = true;
  showLatest(outcome, words);
}

/** On a small screen the journal is out of view: there the latest text stays visible. */
function showLatest(outcome: Outcome, words: string): void {
  page.latest.dataset["outcome"] = outcome;
  page.latest.textContent = words;
  page.latest.hidden = false;
}

function line({ request, status }: RequestLog): HTMLElement {
  const line = element("span", "", "line");
  line.append(element("span", status === 0 ? "–" : String(status), "status"), element("span", request, "request"));
  return line;
}
