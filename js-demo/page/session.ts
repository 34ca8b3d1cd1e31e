/** The page's session: `hallpass/client` does the work; this file displays and logs what it did. */

import { createSession, type Session, type SessionState } from "hallpass/client";
import { decode } from "hallpass";
import type { Fetch } from "./api.js";
import { page } from "./elements.js";
import { report, type RequestLog } from "./journal.js";
import { clearPass, showPass, shownPass } from "./pass.js";
import { texts } from "./texts.js";

/** Milliseconds between two reads of the token: the client renews it without an event. */
const POLL = 500;

/** The client's last request that is not in the journal yet. */
let unreported: RequestLog | undefined;

let session: Session | undefined;
let hasRead = false;
let onChange: () => void = () => {};

/** Starts the session, and calls back when the pass has changed. */
export async function start(changed: () => void): Promise<void> {
  onChange = changed;
  resume();
  await refreshPass();
  setInterval(() => void refreshPass(), POLL);
}

/** The session client, resumed if it was paused. */
export function resume(): Session {
  page.keep.checked = true;
  if (session !== undefined) return session;
  session = createSession({ issuer: location.origin, fetch: observed });
  session.subscribe((state) => void onState(state));
  return session;
}

/** Stops renewals, as on a computer that sleeps. The user stays signed in. */
export function pause(): void {
  session?.dispose();
  session = undefined;
}

/** Sends a request of the page: with the pass, or, while paused, with the cookies. */
export const send: Fetch = (path, init) => (session === undefined ? fetch(path, init) : session.fetch(path, init));

/** The client's last request, returned once. */
export function lastRequest(): RequestLog | undefined {
  const request = unreported;
  unreported = undefined;
  return request;
}

/** Shows the current pass, if it is a new one. */
export async function refreshPass(): Promise<void> {
  const current = session;
  if (current === undefined || document.hidden) return;
  const token = await current.getAccessToken().catch(() => undefined);
  const isNew = typeof token === "string" && token !== shownPass();
  const isFirst = !hasRead;
  hasRead = true;
  // The session may have been paused meanwhile.
  if (!isNew || current !== session) return;
  const previous = shownPass();
  showPass(token);
  onChange();
  if (previous !== undefined) reportRenewal(previous, token);
  else if (isFirst) report(lastRequest(), "good", texts.stillSignedIn);
  else if (!isActing()) report(lastRequest(), "good", texts.signedInElsewhere);
}

function reportRenewal(previous: string, token: string): void {
  if (decode(previous).claims["sid"] !== decode(token).claims["sid"]) return report(lastRequest(), "good", texts.signedInElsewhere);
  const request = lastRequest();
  report(request, "renewed", request === undefined ? texts.renewedByOtherTab : texts.renewedSilently);
}

/** A user has signed in or out, in this tab or another one. */
async function onState({ status }: SessionState): Promise<void> {
  if (status === "signed-in") return refreshPass();
  if (shownPass() === undefined) return;
  clearPass();
  onChange();
  if (!isActing()) report(lastRequest(), "good", texts.signedOutElsewhere);
}

/** Whether an action is running, which reports its own result. */
function isActing(): boolean {
  return document.body.ariaBusy === "true";
}

async function observed(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const { pathname } = new URL(request.url);
  if (!["/login", "/refresh", "/logout"].includes(pathname)) return fetch(input, init);
  const startedAt = performance.now();
  const record = (status: number): void => {
    unreported = { request: `${request.method} ${pathname}`, status, milliseconds: performance.now() - startedAt };
  };
  return fetch(input, init).then(
    (response) => (record(response.status), response),
    (error: unknown) => { record(0); throw error; },
  );
}
