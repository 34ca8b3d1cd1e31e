/** Checks of verified claims that depend on the issuer: its template, the token's client, and claims with fixed values. */

import type { Claims } from "./claims.js";
import { HallpassError } from "./error.js";

/** The allowed values of a claim; `true` for any. */
export type AllowedValues = readonly string[] | true;

/** The rules. Each is `undefined` if it was not given. */
export interface ClaimRules {
  /** The claim `iss`, with names of claims in braces. */
  readonly issuerTemplate: string | undefined;
  readonly clientIds: readonly string[] | undefined;
  readonly authorizedParties: readonly string[] | undefined;
  readonly values: ReadonlyMap<string, AllowedValues>;
}

/** The name of a claim in a template. */
const PLACEHOLDER = /\{(\w+)\}/g;

/** A value that cannot change the meaning of a URL: unreserved characters only (RFC 3986 §2.3), and not `.` or `..`. */
const PATH_SEGMENT = /^(?!\.{1,2}$)[\w.~-]+$/;

/** Public claims, whose values a message may show; other claims may be personal data. */
const PUBLIC_CLAIMS: readonly string[] = ["iss", "azp", "client_id"];

/** The maximum number of characters of a value in a message. */
const MAX_CHARACTERS = 100;

/** Whether an `issuer` is a template. Braces are not valid in a URL (RFC 3986 §2). */
export function isTemplate(issuer: string | null): issuer is string {
  return issuer !== null && /[{}]/.test(issuer);
}

/** Whether a template is well-formed, with its names of claims behind the host: a token must not choose the host. */
export function isValidTemplate(issuer: string): boolean {
  const fixed = issuer.replace(PLACEHOLDER, "");
  return !isTemplate(fixed) && /^https?:\/\/[^/{]+\/.*\{/.test(issuer);
}

/** @throws {@link HallpassError} `ERR_CLAIM_INVALID` */
export function checkClaims(claims: Claims, { issuerTemplate, clientIds, authorizedParties, values }: ClaimRules): void {
  if (issuerTemplate !== undefined) checkValue("iss", claims, [expand(issuerTemplate, claims)]);
  if (clientIds !== undefined) checkValue(valueOf(claims, "client_id") === undefined ? "azp" : "client_id", claims, clientIds);
  if (authorizedParties !== undefined) checkValue("azp", claims, authorizedParties);
  for (const [name, allowed] of values) checkValue(name, claims, allowed);
}

function expand(template: string, claims: Claims): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    const value = valueOf(claims, name);
    if (typeof value === "string" && PATH_SEGMENT.test(value)) return value;
    throw refusal(name, value === undefined ? "is missing" : "must be a text of letters, digits and -._~");
  });
}

function checkValue(name: string, claims: Claims, allowed: AllowedValues): void {
  const value = valueOf(claims, name);
  if (value === undefined) throw refusal(name, "is missing");
  if (allowed === true || allowed.includes(value as string)) return;
  const found = PUBLIC_CLAIMS.includes(name) ? `, found ${excerptOf(value)}` : "";
  throw refusal(name, `must be ${allowed.map((text) => JSON.stringify(text)).join(" or ")}`, found);
}

/** An own claim; `null` counts as missing. */
function valueOf(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? (claims[name] ?? undefined) : undefined;
}

/** The beginning of a value, without the characters that could change how a line of a log reads. */
function excerptOf(value: unknown): string {
  if (typeof value !== "string") return "no string";
  const characters = [...value.slice(0, 2 * MAX_CHARACTERS + 2)];
  const end = characters.length > MAX_CHARACTERS ? "…" : "";
  const text = characters.slice(0, MAX_CHARACTERS).join("").replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\ufffd");
  // Without the backslashes, a value could look like its own end and another value.
  return `"${text.replace(/["\\]/g, "\\$&")}${end}"`;
}

function refusal(claim: string, reason: string, details = ""): HallpassError {
  return new HallpassError("ERR_CLAIM_INVALID", `the claim \`${claim}\` ${reason}${details}`, { claim, reason });
}
