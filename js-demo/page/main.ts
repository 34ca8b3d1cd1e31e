/** The page's acts: sign in, call, tamper, sign out; each is one request, one entry in the timeline, one new view. */

import { callProtectedEndpoint, login, logout, refresh, type Exchange } from "./api.js";
import { page } from "./elements.js";
import { clearPass, showPass } from "./pass.js";
import { reason, signInRefusal, texts } from "./texts.js";
import { report } from "./timeline.js";

/** The access token of the moment, in memory only: whatever is stored, a script that got in could read later. */
let token: string | undefined;

function hold(newToken: string): void {
  token = newToken;
  showPass(newToken);
}

function drop(): void {
  token = undefined;
  clearPass();
}

async function signIn(): Promise<void> {
  page.signInError.textContent = "";
  const exchange = await login(page.username.value, page.password.value);
  page.password.value = "";
  if (exchange.body.token === undefined) {
    page.signInError.textContent = signInRefusal(exchange);
    page.password.focus();
    return report(exchange, "refused", signInRefusal(exchange));
  }
  hold(exchange.body.token);
  report(exchange, "good", texts.signedIn);
  page.call.focus();
}

async function call(): Promise<void> {
  const exchange = await callProtectedEndpoint();
  const { status, body } = exchange;
  if (body.token !== undefined) hold(body.token);
  if (status === 401) drop();
  if (status !== 200) return reportFailure(exchange);
  if (body.renewed) report(exchange, "renewed", texts.renewed);
  else report(exchange, "good", texts.verified);
}

async function tamper(): Promise<void> {
  if (token === undefined) return;
  const exchange = await callProtectedEndpoint(withOneCharacterChanged(token));
  if (exchange.status !== 401) return reportFailure(exchange);
  report(exchange, "refused", texts.tampered(reason(exchange)));
}

async function signOut(): Promise<void> {
  const exchange = await logout();
  if (exchange.status !== 204) return reportFailure(exchange);
  drop();
  report(exchange, "good", texts.signedOut);
  page.username.focus();
}

/** The page was loaded anew: the token that it held is gone, but the cookies may still be there. */
async function resume(): Promise<void> {
  const exchange = await refresh();
  if (exchange.body.token === undefined) return drop();
  hold(exchange.body.token);
  report(exchange, "good", texts.stillSignedIn);
}

function reportFailure(exchange: Exchange): void {
  const words = exchange.status === 401 ? texts.refused : texts.notPossible;
  report(exchange, "refused", words(reason(exchange)));
}

/** Changes the first character of the signature: the rest still reads well, and still is worth nothing. */
function withOneCharacterChanged(good: string): string {
  const index = good.lastIndexOf(".") + 1;
  return good.slice(0, index) + (good[index] === "A" ? "B" : "A") + good.slice(index + 1);
}

/** Runs one act at a time, so that a double click is one request. A button that were disabled would lose the focus. */
async function act(run: () => Promise<void>): Promise<void> {
  if (document.body.ariaBusy === "true") return;
  document.body.ariaBusy = "true";
  await run().finally(() => { document.body.ariaBusy = "false"; });
}

page.signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  void act(signIn);
});
page.call.addEventListener("click", () => void act(call));
page.tamper.addEventListener("click", () => void act(tamper));
page.signOut.addEventListener("click", () => void act(signOut));
void act(resume);
