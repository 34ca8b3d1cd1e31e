/** Snapshots of fetched keys, for storage outside the program. */

import { limitFreshness } from "./freshness.js";
import { isTag, type FetchedKeySet } from "./key-fetch.js";
import type { KeySnapshot } from "./options.js";

/** One issuer's key set in a snapshot. */
export type SavedKeySet = KeySnapshot["keySets"][number];

/** The layout of snapshots that this version writes and reads. */
const VERSION = 1;

/** A key set for a snapshot; `age` in milliseconds. */
export function savedKeySet(
  { url, issuer }: { url: string; issuer: string | null },
  { text, etag, freshFor }: FetchedKeySet,
  age: number,
): SavedKeySet {
  const fetchedAt = Math.round((Date.now() - age) / 1000);
  return { url, issuer, keySet: text, ...(etag === undefined ? {} : { etag }), fetchedAt, maxAge: Math.floor(freshFor / 1000) };
}

/** A snapshot of these key sets; `undefined` if there are none. */
export function snapshotOf(keySets: SavedKeySet[]): KeySnapshot | undefined {
  return keySets.length === 0 ? undefined : { version: VERSION, keySets };
}

/**
 * The key set of a snapshot for exactly this issuer and URL. Everything else in it is ignored: another version, another URL or an
 * unknown shape. Old data in a store costs one fetch.
 */
export function findSaved(snapshot: object, url: string, issuer: string | null): SavedKeySet | undefined {
  const { version, keySets } = snapshot as { version?: unknown; keySets?: unknown };
  if (version !== VERSION || !Array.isArray(keySets)) return undefined;
  return keySets.filter(isSaved).find((saved) => saved.url === url && saved.issuer === issuer);
}

/** The age and the freshness of a saved key set, in milliseconds. */
export function ageOf({ fetchedAt, maxAge }: SavedKeySet): { age: number; freshFor: number } {
  const freshFor = limitFreshness(maxAge * 1000);
  const age = Date.now() - fetchedAt * 1000;
  // From the future: one machine's clock is wrong, so the age is unknown. It must be fetched again.
  return { age: age < 0 ? freshFor : age, freshFor };
}

function isSaved(value: unknown): value is SavedKeySet {
  if (typeof value !== "object" || value === null) return false;
  const { keySet, etag, fetchedAt, maxAge } = value as Record<string, unknown>;
  return typeof keySet === "string" && (etag === undefined || isTag(etag)) && Number.isSafeInteger(fetchedAt) && Number.isSafeInteger(maxAge);
}
