/** Code that must compile and code that must not, with the types of a page or a worker. */

import { createVerifier, type FetchFunction, type WaitUntil } from "hallpass";

const options = { issuer: null, audience: null, jwks: new URL("https://auth.example.com/jwks") };
declare const env: { ISSUER: { fetch: typeof fetch } };
declare const ctx: { waitUntil(promise: Promise<unknown>): void };

createVerifier({ ...options, fetch });
createVerifier({ ...options, fetch: (...request) => env.ISSUER.fetch(...request) });
createVerifier({ ...options, waitUntil: (promise) => ctx.waitUntil(promise) });
await createVerifier(options).verify("", { waitUntil: (promise) => ctx.waitUntil(promise) });
export const same: FetchFunction = fetch;
export const wait: WaitUntil = (promise) => ctx.waitUntil(promise);
// @ts-expect-error It must answer with a response.
createVerifier({ ...options, fetch: async () => "{}" });
// @ts-expect-error There is no such thing to say of one verification.
await createVerifier(options).verify("", { leeway: 5 });
