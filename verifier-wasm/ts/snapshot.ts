/** Fetched keys, to be kept outside the program and put back into a verifier for the same issuer. */

import { atMost } from "./freshness.js";
import { isTag, type Answer } from "./key-fetch.js";
import type { KeySnapshot } from "./options.js";

/** One issuer's key set in a snapshot. */
export type SavedKeySet = KeySnapshot["keySets"][number];

/** The one layout of snapshots that this version writes and reads. */
const VERSION = 1;

/** A key set as it is kept; `age` in milliseconds. */
export function savedKeySet(
  { url, issuer }: { url: string; issuer: string | null },
  { text, etag, freshFor }: Answer,
  age: number,
): SavedKeySet {
  const fetchedAt = Math.round((Date.now() - age) / 1000);
  return { url, issuer, keySet: text, ...(etag === undefined ? {} : { etag }), fetchedAt, maxAge: Math.floor(freshFor / 1000) };
}

/** A snapshot of these; `undefined` if there is nothing to keep. */
export function snapshotOf(keySets: SavedKeySet[]): KeySnapshot | undefined {
  return keySets.length === 0 ? undefined : { version: VERSION, keySets };
}

/**
 * The key set that a snapshot has for exactly this issuer at exactly this URL. Whatever else is in it, of another version,
 * another place or no known shape, counts as not there: a store that holds something old costs one fetch and no more.
 */
export function findSaved(snapshot: object, url: string, issuer: string | null): SavedKeySet | undefined {
  const { version, keySets } = snapshot as { version?: unknown; keySets?: unknown };
  if (version !== VERSION || !Array.isArray(keySets)) return undefined;
  return keySets.filter(isSaved).find((saved) => saved.url === url && saved.issuer === issuer);
}

/** How old a saved key set is, and for how long it is fresh, in milliseconds. */
export function ageOf({ fetchedAt, maxAge }: SavedKeySet): { age: number; freshFor: number } {
  const freshFor = atMost(maxAge * 1000);
  const age = Date.now() - fetchedAt * 1000;
  // From the future: one of two machines' clocks is wrong, so that nobody knows how old it is. It must be fetched again.
  return { age: age < 0 ? freshFor : age, freshFor };
}

function isSaved(value: unknown): value is SavedKeySet {
  if (typeof value !== "object" || value === null) return false;
  const { keySet, etag, fetchedAt, maxAge } = value as Record<string, unknown>;
  return typeof keySet === "string" && (etag === undefined || isTag(etag)) && Number.isSafeInteger(fetchedAt) && Number.isSafeInteger(maxAge);
}
