/** The edge's verifier. The issuer's keys outlive the isolate in KV, so that a cold start waits for no issuer. */

import { env, waitUntil } from "cloudflare:workers";
import { createVerifier, type KeySnapshot, type VerifiedClaims, type Verifier } from "hallpass";

/** The key's name in KV. Whoever can write there can sign tokens: give it a namespace of its own. */
const SAVED = "issuer-keys";

/** Seconds by which the keys must be newer than those that KV has: their time is told in whole seconds, rounded. */
const NEWER = 5;

/** Made at the first request, since no I/O is allowed before, and kept by the isolate. */
let verifier: Verifier | undefined;

/** When the keys that KV has were fetched, in seconds since 1970. */
let savedAt = 0;

/** Verifies a token and returns its claims. Nobody is asked, but for keys that are not there or too old. */
export async function verify(token: string): Promise<VerifiedClaims> {
  verifier ??= makeVerifier(await savedKeys());
  const claims = await verifier.verify(token);
  saveNewKeys(verifier.exportKeys());
  return claims;
}

/** Asks the issuer: through the binding where there is one, else at its address. */
export function issuer(request: Request): Promise<Response> {
  return env.ISSUER === undefined ? fetch(request) : env.ISSUER.fetch(request);
}

/** A variable of the worker. workerd has `null` for one that is not set, and so would leave the audience unchecked. */
export function configured(name: "ISSUER_URL" | "AUDIENCE"): string {
  const value: string | null | undefined = env[name];
  if (!value) throw new Error(`the variable ${name} is not set`);
  return value;
}

function makeVerifier(snapshot: KeySnapshot | null): Verifier {
  return createVerifier({
    // Configured, never taken from a request: whoever sends one must not choose whom we trust.
    issuer: configured("ISSUER_URL"),
    audience: configured("AUDIENCE"),
    jwks: new URL("/.well-known/jwks.json", configured("ISSUER_URL")),
    fetch: (...request) => issuer(new Request(...request)),
    // Keys are fetched anew in good time, behind an answer; the worker is not ended before they have come.
    waitUntil,
    snapshot,
  });
}

/** The keys that another isolate has fetched. Without KV, or with something else in it, they are fetched once more. */
async function savedKeys(): Promise<KeySnapshot | null> {
  const keys = await env.KEYS.get<KeySnapshot>(SAVED, "json").catch(() => null);
  savedAt = fetchTime(keys);
  return keys;
}

/** No answer waits for this, and none fails of it. */
function saveNewKeys(keys: KeySnapshot | undefined): void {
  if (keys === undefined || fetchTime(keys) < savedAt + NEWER) return;
  savedAt = fetchTime(keys);
  waitUntil(env.KEYS.put(SAVED, JSON.stringify(keys)).catch(console.error));
}

function fetchTime(keys: KeySnapshot | null): number {
  return keys?.keySets?.[0]?.fetchedAt ?? 0;
}
