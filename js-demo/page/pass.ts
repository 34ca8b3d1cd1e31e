/** The pass as it lies on the desk: whose it is, how long it is good, and what it says. */

import { decode, type Claims, type Header } from "hallpass";
import { startCountdown, stopCountdown } from "./countdown.js";
import { page } from "./elements.js";
import { glossary, texts } from "./texts.js";

/** Shows a pass. The token stays in memory: nothing here stores it. */
export function showPass(token: string): void {
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
  page.passKind.textContent = texts.nobody;
  stopCountdown();
  setSignedIn(false);
  page.strip.replaceChildren();
  page.headerMembers.replaceChildren();
  page.claimsMembers.replaceChildren();
}

function setSignedIn(signedIn: boolean): void {
  document.body.classList.toggle("signed-in", signedIn);
  page.signIn.hidden = signedIn;
  for (const part of [page.holder, page.token, page.tamper, page.signOut]) part.hidden = !signedIn;
}

function showParts(token: string, header: Header, claims: Claims): void {
  const names = ["header", "claims", "signature"];
  const parts = token.split(".").map((text, index) => textElement("span", text, names[index] ?? ""));
  page.strip.replaceChildren(...parts.flatMap((part, index) => (index === 0 ? [part] : [".", part])));
  page.headerMembers.replaceChildren(...members(header));
  page.claimsMembers.replaceChildren(...members(claims));
}

function members(object: Header | Claims): HTMLElement[] {
  return Object.entries(object).map(([name, value]) => {
    const row = document.createElement("div");
    const gloss = textElement("span", glossary[name] ?? "", "gloss");
    const term = textElement("dt", name);
    term.append(gloss);
    row.append(term, textElement("dd", readable(name, value)));
    return row;
  });
}

function readable(name: string, value: unknown): string {
  if (typeof value === "number" && ["iat", "nbf", "exp"].includes(name)) return `${value} (${clockTime(value)})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function textElement(kind: string, text: string, className = ""): HTMLElement {
  const element = document.createElement(kind);
  element.textContent = text;
  if (className !== "") element.className = className;
  return element;
}

function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString();
}
