/** The user's sessions, each with a button that ends it. */

import { appRefresh, appSignIn, exchange, type Exchange, type ListedSession } from "./api.js";
import { act, clockTime, element, page } from "./elements.js";
import { report } from "./journal.js";
import { shownPass } from "./pass.js";
import { resume, send } from "./session.js";
import { reason, texts } from "./texts.js";

/** The refresh tokens of the simulated second devices, by session. */
const devices = new Map<string, string>();

/** Requests the list and shows it. */
export async function listSessions(): Promise<void> {
  if (shownPass() === undefined) return page.sessions.replaceChildren();
  const { body } = await exchange(send, "GET", "/sessions");
  if (body.sessions !== undefined) update(body.sessions.sort((a, b) => Number(b.current) - Number(a.current) || b.created_at - a.created_at));
}

/** Signs in a second time, so that there is a session to end. */
export async function addDevice(): Promise<void> {
  const answer = await appSignIn();
  const { refresh_token: token, session } = answer.body;
  if (token === undefined || session === undefined) return report(answer, "refused", texts.notPossible(reason(answer)));
  devices.set(session.id, token);
  report(answer, "good", texts.deviceAdded);
  await listSessions();
}

/** Ends all sessions, including this one. */
export async function endAll(): Promise<void> {
  const answer = await exchange(send, "DELETE", "/sessions");
  if (answer.status !== 204) return report(answer, "refused", texts.notPossible(reason(answer)));
  report(answer, "good", texts.endedAll);
  await leave();
}

/** Creates only new rows, so that a focused button stays. */
function update(sessions: ListedSession[]): void {
  const rows = new Map([...page.sessions.children].map((child) => [(child as HTMLElement).dataset["id"], child as HTMLElement]));
  page.sessions.replaceChildren(...sessions.map((session) => {
    const known = rows.get(session.id);
    const words = known?.querySelector(".gloss");
    if (known === undefined || !words) return row(session);
    words.textContent = sinceWords(session);
    return known;
  }));
}

function row(session: ListedSession): HTMLElement {
  const item = element("li");
  item.dataset["id"] = session.id;
  const what = element("div");
  what.append(element("p", nameOf(session), "title"), element("p", sinceWords(session), "gloss"));
  const button = element("button", texts.end);
  button.type = "button";
  button.ariaLabel = texts.endNamed(nameOf(session), clockTime(session.created_at));
  button.addEventListener("click", () => void act(() => end(session)));
  item.append(what, button);
  return item;
}

async function end(session: ListedSession): Promise<void> {
  const answer = await exchange(send, "DELETE", `/sessions/${session.id}`);
  const request = { ...answer, request: "DELETE /sessions/…" };
  if (answer.status !== 204) return report(request, "refused", texts.notPossible(reason(answer)));
  report(request, "good", session.current ? texts.endedCurrent : texts.ended);
  if (session.current) return leave();
  await tryDevice(session.id);
  await listSessions();
  // The pressed button is removed, and the focus with it.
  page.sessionsTitle.focus();
}

/** The device of the ended session asks for a new pass. */
async function tryDevice(id: string): Promise<void> {
  const token = devices.get(id);
  if (token === undefined || !devices.delete(id)) return;
  const answer: Exchange = await appRefresh(token);
  report(answer, "refused", answer.status === 400 ? texts.deviceRefused : texts.notPossible(reason(answer)));
}

/** The issuer has ended the session: signs the client out in all tabs. */
async function leave(): Promise<void> {
  devices.clear();
  await resume().signOut();
  page.username.focus();
}

function nameOf({ id, label, current }: ListedSession): string {
  if (current) return texts.thisBrowser;
  return devices.has(id) ? texts.secondDevice : deviceName(label ?? "");
}

function sinceWords({ created_at, last_used_at }: ListedSession): string {
  return texts.since(clockTime(created_at), clockTime(last_used_at));
}

/**
 * The browser and the system of a user agent. The order matters: Edge's contains Chrome, and Chrome's contains Safari. The issuer
 * stores the first 64 bytes, which often end before the browser's name.
 */
function deviceName(agent: string): string {
  const first = (names: [RegExp, string][]): string | undefined => names.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = first([[/Edg/, "Edge"], [/Firefox/, "Firefox"], [/Chrom/, "Chrome"], [/Safari/, "Safari"], [/curl/, "curl"], [/^Mozilla/, texts.browser]]);
  const system = first([[/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Windows/, "Windows"], [/Mac OS/, "macOS"], [/Linux/, "Linux"]]);
  if (browser === undefined) return agent === "" ? texts.unknownDevice : agent;
  return system === undefined ? browser : texts.on(browser, system);
}
