/** The edge's verifier. It stores the issuer's keys in KV, so that a cold start does not wait for the issuer. */

import { env, waitUntil } from "cloudflare:workers";
import { createVerifier, type KeySnapshot, type VerifiedClaims, type Verifier } from "hallpass";

/** The name of the entry in KV. Write access to it allows forging tokens: use a separate namespace. */
const SAVED = "issuer-keys";

/** Seconds by which keys must be newer than those in KV: their time is rounded to whole seconds. */
const MIN_DIFFERENCE = 5;

/** Created at the first request, because no I/O is allowed before; the isolate keeps it. */
let verifier: Verifier | undefined;

/** When the keys in KV were fetched, in seconds since 1970. */
let savedAt = 0;

/** Verifies a token and returns its claims. It sends a request only for missing or old keys. */
export async function verify(token: string): Promise<VerifiedClaims> {
  verifier ??= makeVerifier(await savedKeys());
  const claims = await verifier.verify(token);
  saveNewKeys(verifier.exportKeys());
  return claims;
}

/** Sends a request to the issuer: through the binding if there is one, otherwise to its address. */
export function issuer(request: Request): Promise<Response> {
  return env.ISSUER === undefined ? fetch(request) : env.ISSUER.fetch(request);
}

/** A variable of the worker. An unset one is `null` in workerd, which would disable the audience check. */
export function configured(name: "ISSUER_URL" | "AUDIENCE"): string {
  const value: string | null | undefined = env[name];
  if (!value) throw new Error(`the variable ${name} is not set`);
  return value;
}

function makeVerifier(snapshot: KeySnapshot | null): Verifier {
  return createVerifier({
    // From the configuration, never from a request: a client must not choose the issuer.
    issuer: configured("ISSUER_URL"),
    audience: configured("AUDIENCE"),
    jwks: new URL("/.well-known/jwks.json", configured("ISSUER_URL")),
    fetch: (...request) => issuer(new Request(...request)),
    // Keys are refreshed in the background after a response; the worker lives until they arrive.
    waitUntil,
    snapshot,
  });
}

/** The keys that another isolate has fetched. Without valid keys in KV, they are fetched again. */
async function savedKeys(): Promise<KeySnapshot | null> {
  const keys = await env.KEYS.get<KeySnapshot>(SAVED, "json").catch(() => null);
  savedAt = fetchTime(keys);
  return keys;
}

/** No response waits for this, and its failure is only logged. */
function saveNewKeys(keys: KeySnapshot | undefined): void {
  if (keys === undefined || fetchTime(keys) < savedAt + MIN_DIFFERENCE) return;
  savedAt = fetchTime(keys);
  waitUntil(env.KEYS.put(SAVED, JSON.stringify(keys)).catch(console.error));
}

function fetchTime(keys: KeySnapshot | null): number {
  return keys?.keySets?.[0]?.fetchedAt ?? 0;
}
