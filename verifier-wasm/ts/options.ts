/** The options of a verifier. Every time in them is in seconds. */

import type { Clock } from "./clock.js";
import type { StandardSchema } from "./schema.js";

/**
 * A JSON Web Key Set (RFC 7517 §5).
 *
 * @example { keys: [{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", kid: "2026-11" }] }
 */
export interface JsonWebKeySet {
  readonly keys: readonly object[];
}

/**
 * The standard `fetch`, or one that behaves like it.
 *
 * @example (...request) => env.ISSUER.fetch(...request)
 */
export type FetchFunction = typeof globalThis extends { fetch: infer Fetch } ? Fetch : (url: string, init?: object) => Promise<object>;

/**
 * Keeps what runs a request alive until a promise is settled, like `ctx.waitUntil` in an edge worker.
 *
 * @example (promise) => ctx.waitUntil(promise)
 */
export type WaitUntil = (promise: Promise<unknown>) => unknown;

/**
 * A URL object.
 *
 * @example new URL("https://auth.example.com/.well-known/jwks.json")
 */
export interface UrlObject {
  readonly href: string;
}

/**
 * Whose tokens are accepted, and by which keys: exactly one of `jwks` and `secret`.
 *
 * @example { issuer: "https://auth.example.com", jwks: "https://auth.example.com/.well-known/jwks.json" }
 */
export interface IssuerOptions {
  /**
   * The issuer that the claim `iss` must name, to the letter; `null` says: on purpose not checked.
   *
   * @example "https://auth.example.com"
   */
  readonly issuer: string | null;
  /**
   * The issuer's public keys: the key set itself, or the URL that it is fetched from at the first use. Only `https:` will do,
   * but on `localhost`. Keys are kept for as long as the answer's `Cache-Control: max-age` says, from 30 seconds to an hour,
   * and five minutes where it says nothing; `verify` takes none that are older, unless the issuer cannot be reached
   * (`maxStale`).
   *
   * @example "https://auth.example.com/.well-known/jwks.json"
   */
  readonly jwks?: JsonWebKeySet | UrlObject | string;
  /**
   * The secret that is shared with the issuer, for HS256: at least 32 bytes. Never in a page: whoever has it can sign.
   *
   * @example new TextEncoder().encode(process.env.HALLPASS_HS256_SECRET)
   */
  readonly secret?: Uint8Array;
}

/**
 * What a verifier accepts, whoever issued it. All times are in seconds.
 *
 * @example { audience: "api", leeway: 5, maxTokenAge: 600, cache: true }
 */
export interface PolicyOptions<Extra extends object = object, Required extends string = string> {
  /**
   * The audience that must be among those of the claim `aud`, or several of which one must; `null` says: on purpose not
   * checked.
   *
   * @example ["api", "web"]
   */
  readonly audience: string | readonly string[] | null;
  /**
   * How many seconds the clocks of issuer and verifier may differ; 0 by default.
   *
   * @example 5
   */
  readonly leeway?: number;
  /**
   * How many seconds after its `iat` a token is accepted at most, whatever its `exp`; unlimited by default.
   *
   * @example 600
   */
  readonly maxTokenAge?: number;
  /**
   * Claims that must be there, of whatever value; none by default. Their types lose their `undefined`; beside a generic, where
   * TypeScript infers nothing, name them once more: `createVerifier<{ plan: string }, "sub">`.
   *
   * @example ["sub", "sid"]
   */
  readonly requiredClaims?: readonly Required[];
  /**
   * The `typ` that the header must have, or several of which it must have one; `"at+jwt"` by default, `null`: any.
   *
   * @example "JWT"
   */
  readonly typ?: string | readonly string[] | null;
  /**
   * A schema of the claims, by any library with the interface of https://standardschema.dev (Zod, Valibot, ArkType, …), that
   * answers without a promise. It is asked once a token has passed all else; what it returns takes the place of the claims
   * of the same names. A fault is `ERR_CLAIM_INVALID`, with the claim. Claims that the `cache` shares were asked about once.
   *
   * @example z.object({ plan: z.enum(["free", "paid"]) })
   */
  readonly schema?: StandardSchema<Extra>;
  /**
   * Remembers tokens that were verified, so that one that comes again costs a look-up; off by default. `true` keeps the last
   * 1,000 and hands the same frozen claims to everybody. A token is never accepted after its `exp` or before its `nbf`, nor
   * under other keys than those that are there.
   *
   * @example { size: 10_000 }
   */
  readonly cache?: boolean | CacheOptions;
  /**
   * Returns the time in seconds since 1970; the machine's clock by default.
   *
   * @example () => Date.now() / 1000
   */
  readonly now?: Clock;
  /**
   * Fetches the key set, say through a service binding.
   *
   * @example (...request) => env.ISSUER.fetch(...request)
   */
  readonly fetch?: FetchFunction;
  /**
   * For how many seconds keys that are no longer fresh go on while the issuer cannot be reached; 3600 by default. A key that
   * is withdrawn during such an outage lives that long; afterwards `verify` rejects with `ERR_KEYS_UNREACHABLE`. With 0 it
   * does so at once.
   *
   * @example 600
   */
  readonly maxStale?: number;
  /**
   * Told of every fetch in the background, so that a worker is not ended before it is done:
   * `import { waitUntil } from "cloudflare:workers"`. Without it, a later request does what an ended one left undone.
   *
   * @example (promise) => ctx.waitUntil(promise)
   */
  readonly waitUntil?: WaitUntil;
  /**
   * Keys that `exportKeys` took from a verifier for the same issuer and URL, with which this one starts instead of a fetch;
   * `null` if there are none. Their age counts. Others, and what cannot be read, are passed over. Whoever can write it
   * where it is kept can sign tokens.
   *
   * @example await env.KV.get("keys", "json")
   */
  readonly snapshot?: KeySnapshot | null;
}

/**
 * Public keys that were fetched, as plain data that `JSON.stringify` can write.
 *
 * @example JSON.stringify(verifier.exportKeys())
 */
export interface KeySnapshot {
  /** The layout. Another version's snapshots are passed over. */
  readonly version: number;
  /** One for each issuer whose keys were fetched. */
  readonly keySets: readonly {
    /** Where it was fetched. */
    readonly url: string;
    /** Whose it is; `null` where the issuer is not checked. */
    readonly issuer: string | null;
    /** The key set as it came: JSON text. */
    readonly keySet: string;
    /** The `ETag` that it came with. */
    readonly etag?: string;
    /** When it was asked for, in seconds since 1970. */
    readonly fetchedAt: number;
    /** For how many seconds from then on it is fresh. */
    readonly maxAge: number;
  }[];
}

/**
 * How tokens are remembered.
 *
 * @example { size: 10_000, claims: "fresh" }
 */
export interface CacheOptions {
  /**
   * How many tokens are remembered at most, 2 or more; 1,000 by default. Each takes a few times its length in memory.
   *
   * @example 10_000
   */
  readonly size?: number;
  /**
   * Whether callers share one frozen object, which is quicker, or each get an object of their own; `"frozen"` by default.
   *
   * @example "fresh"
   */
  readonly claims?: "frozen" | "fresh";
}

/**
 * What a verifier accepts, and where it gets its keys: one issuer's, or those of several, each with keys of its own.
 *
 * @example { issuer: "https://auth.example.com", audience: "api", jwks: "https://auth.example.com/.well-known/jwks.json" }
 */
export type VerifierOptions<Extra extends object = object, Required extends string = string> =
  & PolicyOptions<Extra, Required>
  & (IssuerOptions | { readonly issuers: readonly IssuerOptions[] });
