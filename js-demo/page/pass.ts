/** The pass as it lies on the desk: whose it is, how long it is good, and what it says. */

import { decode, isExpired, expiresIn, type Claims, type Header } from "hallpass";
import { startCountdown, stopCountdown } from "./countdown.js";
import { clockTime, element, page } from "./elements.js";
import { glossary, still, texts } from "./texts.js";

/** The pass of the moment, and those that it took the place of, the newest first. In memory only. */
let passes: string[] = [];

/** So many are kept, to have one that has run out. */
const KEPT = 3;

/** The pass that is shown. */
export function shownPass(): string | undefined {
  return passes[0];
}

/** One of the page's passes that has run out, or how many seconds there are until one has. */
export function runOutPass(): { token?: string; seconds: number } {
  const token = passes.find((token) => isExpired(token));
  const oldest = passes.at(-1);
  return { ...(token !== undefined && { token }), seconds: oldest === undefined ? 0 : Math.max(0, expiresIn(oldest)) };
}

/** Shows a pass. */
export function showPass(token: string): void {
  passes = [token, ...passes.filter((other) => other !== token)].slice(0, KEPT);
  const { header, claims } = decode(token);
  page.passKind.textContent = texts.holder;
  page.holderName.textContent = claims.username ?? claims.sub ?? "";
  showParts(token, header, claims);
  setSignedIn(true);
  const { iat = 0, exp = 0 } = claims;
  page.validity.textContent = texts.validUntil(clockTime(exp));
  startCountdown(token, exp - iat, () => { page.validity.textContent = texts.ranOut; });
}

/** Takes the pass away and asks for a sign-in. */
export function clearPass(): void {
  passes = [];
  page.passKind.textContent = still.nobody;
  stopCountdown();
  setSignedIn(false);
  page.strip.replaceChildren();
  page.headerMembers.replaceChildren();
  page.claimsMembers.replaceChildren();
}

function setSignedIn(signedIn: boolean): void {
  document.body.classList.toggle("signed-in", signedIn);
  for (const part of [page.signIn, page.ahead]) part.hidden = signedIn;
  for (const part of [page.holder, ...page.forHolder]) part.hidden = !signedIn;
}

function showParts(token: string, header: Header, claims: Claims): void {
  const names = ["header", "claims", "signature"];
  const parts = token.split(".").map((text, index) => element("span", text, names[index] ?? ""));
  page.strip.replaceChildren(...parts.flatMap((part, index) => (index === 0 ? [part] : [".", part])));
  page.headerMembers.replaceChildren(...members(header));
  page.claimsMembers.replaceChildren(...members(claims));
}

function members(object: Header | Claims): HTMLElement[] {
  return Object.entries(object).map(([name, value]) => {
    const row = element("div");
    const term = element("dt", name);
    term.append(element("span", glossary[name] ?? "", "gloss"));
    row.append(term, element("dd", readable(name, value)));
    return row;
  });
}

function readable(name: string, value: unknown): string {
  if (typeof value === "number" && ["iat", "nbf", "exp"].includes(name)) return `${value} (${clockTime(value)})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
