/** The displayed pass: its user, its remaining time, its content. */

import { decode, isExpired, expiresIn, type Claims, type Header } from "hallpass";
import { startCountdown, stopCountdown } from "./countdown.js";
import { clockTime, element, page } from "./elements.js";
import { glossary, still, texts } from "./texts.js";

/** The current pass and the previous ones, newest first. In memory only. */
let passes: string[] = [];

/** The number of passes in memory, so that one of them has expired. */
const MAX_PASSES = 3;

/** The displayed pass. */
export function shownPass(): string | undefined {
  return passes[0];
}

/** An expired pass of the page, or the seconds until one expires. */
export function expiredPass(): { token?: string; seconds: number } {
  const token = passes.find((token) => isExpired(token));
  const oldest = passes.at(-1);
  return { ...(token !== undefined && { token }), seconds: oldest === undefined ? 0 : Math.max(0, expiresIn(oldest)) };
}

/** Shows a pass. */
export function showPass(token: string): void {
  passes = [token, ...passes.filter((other) => other !== token)].slice(0, MAX_PASSES);
  const { header, claims } = decode(token);
  page.passKind.textContent = texts.holder;
  page.holderName.textContent = claims.username ?? claims.sub ?? "";
  showParts(token, header, claims);
  setSignedIn(true);
  const { iat = 0, exp = 0 } = claims;
  page.validity.textContent = texts.validUntil(clockTime(exp));
  startCountdown(token, exp - iat, () => { page.validity.textContent = texts.expired; });
}

/** Removes the pass and shows the sign-in form. */
export function clearPass(): void {
  passes = [];
  page.passKind.textContent = still.noHolder;
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
