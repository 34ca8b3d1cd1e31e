/** The page's session: `hallpass/client` does all the work; here is only seen, and told, what it did. */

import { createSession, type Session, type SessionState } from "hallpass/client";
import { decode } from "hallpass";
import type { Fetch } from "./api.js";
import { page } from "./elements.js";
import { report, type Told } from "./journal.js";
import { clearPass, showPass, shownPass } from "./pass.js";
import { texts } from "./texts.js";

/** Milliseconds between two looks at the token: the client renews it by itself, and says nothing of it. */
const LOOK = 500;

/** The last request of the client's own that nobody has told of yet. */
let untold: Told | undefined;

let session: Session | undefined;
let hasLookedOnce = false;
let onChange: () => void = () => {};

/** Starts, and calls back whenever another pass or none is there. */
export async function start(changed: () => void): Promise<void> {
  onChange = changed;
  resume();
  await look();
  setInterval(() => void look(), LOOK);
}

/** The session client; one that has been paused goes on. */
export function resume(): Session {
  page.keep.checked = true;
  if (session !== undefined) return session;
  session = createSession({ issuer: location.origin, fetch: observed });
  session.subscribe((state) => void settle(state));
  return session;
}

/** Nothing is renewed from now on, as on a computer that sleeps. Nobody is signed out. */
export function pause(): void {
  session?.dispose();
  session = undefined;
}

/** Sends a request of the page's own: with the pass, or while paused with the cookies. */
export const send: Fetch = (path, init) => (session === undefined ? fetch(path, init) : session.fetch(path, init));

/** The last request of the client's own, to be told of once. */
export function lastRequest(): Told | undefined {
  const told = untold;
  untold = undefined;
  return told;
}

/** Shows the pass of the moment, where another one has come. */
export async function look(): Promise<void> {
  const current = session;
  if (current === undefined || document.hidden) return;
  const token = await current.getAccessToken().catch(() => undefined);
  const isNews = typeof token === "string" && token !== shownPass();
  const isFirst = !hasLookedOnce;
  hasLookedOnce = true;
  // It may have been paused meanwhile.
  if (!isNews || current !== session) return;
  const former = shownPass();
  showPass(token);
  onChange();
  if (former !== undefined) tellOfRenewal(former, token);
  else if (isFirst) report(lastRequest(), "good", texts.stillSignedIn);
  else if (!isActing()) report(lastRequest(), "good", texts.signedInElsewhere);
}

function tellOfRenewal(former: string, token: string): void {
  if (decode(former).claims["sid"] !== decode(token).claims["sid"]) return report(lastRequest(), "good", texts.signedInElsewhere);
  const own = lastRequest();
  report(own, "renewed", own === undefined ? texts.renewedByOtherTab : texts.renewedSilently);
}

/** Somebody has signed in or out, here or in another tab. */
async function settle({ status }: SessionState): Promise<void> {
  if (status === "signed-in") return look();
  if (shownPass() === undefined) return;
  clearPass();
  onChange();
  if (!isActing()) report(lastRequest(), "good", texts.signedOutElsewhere);
}

/** An act that is under way tells by itself what came of it. */
function isActing(): boolean {
  return document.body.ariaBusy === "true";
}

async function observed(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const { pathname } = new URL(request.url);
  if (!["/login", "/refresh", "/logout"].includes(pathname)) return fetch(input, init);
  const startedAt = performance.now();
  const tell = (status: number): void => {
    untold = { request: `${request.method} ${pathname}`, status, milliseconds: performance.now() - startedAt };
  };
  return fetch(input, init).then(
    (response) => (tell(response.status), response),
    (error: unknown) => { tell(0); throw error; },
  );
}
