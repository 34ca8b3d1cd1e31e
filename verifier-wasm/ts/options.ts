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
 * Keeps a worker alive until a promise settles, like `ctx.waitUntil`.
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

/** The name of an accepted issuer. */
interface NamedIssuer {
  /**
   * The exact value of the claim `iss`; `null` disables the check. For an issuer with a URL per tenant, a template: `{tid}` stands
   * for the token's claim `tid`, whose value has letters, digits and `-._~` only. A template is the only issuer of a verifier.
   *
   * @example "https://auth.example.com"
   * @example "https://login.microsoftonline.com/{tid}/v2.0"
   */
  readonly issuer: string | null;
}

/** How an issuer's keys are fetched. */
interface FetchedKeysOptions {
  /**
   * Allows keys over plain `http:` from any host; `false` by default. An attacker who can change the response can forge any token:
   * use it only on a network that you control, such as inside a cluster.
   *
   * @example true
   */
  readonly allowInsecureJwks?: boolean;
}

/** A secret that is shared with the issuer. */
interface SharedSecretOptions {
  /**
   * The secret that is shared with the issuer, at least as long as the hash of `secretAlg`: 32 bytes for HS256. Beside public keys
   * it verifies the tokens of its own algorithm only. Never use it in a page: it can sign tokens.
   *
   * @example new TextEncoder().encode(process.env.HALLPASS_HS256_SECRET)
   */
  readonly secret?: Uint8Array;
  /**
   * The algorithm of `secret`; `"HS256"` by default. A secret has exactly one (RFC 8725 §3.1).
   *
   * @example "HS512"
   */
  readonly secretAlg?: "HS256" | "HS384" | "HS512";
}

/** An issuer with a key set. */
export interface KeySetIssuer extends NamedIssuer, FetchedKeysOptions, SharedSecretOptions {
  /**
   * The issuer's public keys: the key set, or its URL, which is fetched at the first use. On a server, a key set that is given as
   * an object may contain secrets too (`oct`), which are used for the algorithm in their `alg`. The URL must be `https:`, except on
   * `localhost` and hosts below it. Fetched keys are fresh for the `Cache-Control: max-age` of the response, from 30 seconds to an
   * hour (5 minutes without it). `verify` uses older keys only while the issuer is unreachable (`maxStale`).
   *
   * @example "https://auth.example.com/.well-known/jwks.json"
   */
  readonly jwks: JsonWebKeySet | UrlObject | string;
  readonly discovery?: false;
}

/** An issuer with a shared secret. */
export interface SecretIssuer extends NamedIssuer, SharedSecretOptions {
  readonly secret: Uint8Array;
  readonly jwks?: undefined;
  readonly discovery?: false;
  readonly allowInsecureJwks?: boolean;
}

/** An issuer whose URL alone is known. */
export interface DiscoveredIssuer extends FetchedKeysOptions, SharedSecretOptions {
  readonly issuer: string;
  /**
   * Finds the key set by the issuer's metadata: `/.well-known/openid-configuration` below the issuer's URL, or
   * `/.well-known/oauth-authorization-server` (RFC 8414). The metadata must name exactly this `issuer`, and its `jwks_uri` must be
   * as `jwks`. It is fetched with the keys, by the same rules.
   *
   * @example true
   */
  readonly discovery: true;
  readonly jwks?: undefined;
}

/**
 * An accepted issuer and its keys: `jwks` or `discovery: true`, a `secret`, or both kinds side by side.
 *
 * @example { issuer: "https://auth.example.com", jwks: "https://auth.example.com/.well-known/jwks.json" }
 * @example { issuer: "https://auth.example.com", discovery: true }
 */
export type IssuerOptions = KeySetIssuer | SecretIssuer | DiscoveredIssuer;

/**
 * The policy of a verifier, for all issuers. All times are in seconds.
 *
 * @example { audience: "api", leeway: 5, maxTokenAge: 600, cache: true }
 */
export interface PolicyOptions<Extra extends object = object, Required extends string = string> {
  /**
   * The audience that the claim `aud` must contain; of several, it must contain one. `null` disables the check.
   *
   * @example ["api", "web"]
   */
  readonly audience: string | readonly string[] | null;
  /**
   * Seconds by which the clocks of issuer and verifier may differ; 0 by default.
   *
   * @example 5
   */
  readonly leeway?: number;
  /**
   * Maximum age of a token in seconds, from its `iat`, in addition to `exp`; unlimited by default.
   *
   * @example 600
   */
  readonly maxTokenAge?: number;
  /**
   * The maximum length of a token in bytes: 8192 by default, at most 65,536. Some issuers put hundreds of groups or roles into a token.
   *
   * @example 16_384
   */
  readonly maxTokenBytes?: number;
  /**
   * Claims that must be present, with any value; none by default. Their types lose `undefined`. With a generic, TypeScript does
   * not infer the names: the generic types them, or its second argument lists them, as in `createVerifier<{ plan: string }, "sub">`.
   *
   * @example ["sub", "sid"]
   */
  readonly requiredClaims?: readonly Required[];
  /**
   * The client to which the token was issued, or several: the claim `client_id`, or `azp` without it. For issuers whose tokens have
   * no `aud`; unchecked by default.
   *
   * @example "1example23456789"
   */
  readonly clientId?: string | readonly string[];
  /**
   * The allowed values of the claim `azp`, the authorized party; unchecked by default.
   *
   * @example ["https://app.example.com"]
   */
  readonly authorizedParties?: string | readonly string[];
  /**
   * Claims that must have exactly this value, or one of several; `true` for any value. None by default.
   *
   * @example { token_use: "access" }
   */
  readonly claimValues?: Readonly<Record<string, string | readonly string[] | true>>;
  /**
   * The `typ` of the header, or several allowed ones; `"at+jwt"` by default, `null` for any.
   *
   * @example "JWT"
   */
  readonly typ?: string | readonly string[] | null;
  /**
   * A synchronous schema of the claims, by any library with the interface of https://standardschema.dev (Zod, Valibot, ArkType,
   * …). It runs after all other checks; its result replaces the claims of the same names. An issue is `ERR_CLAIM_INVALID`, with
   * the claim. With `cache`, it runs once per token.
   *
   * @example z.object({ plan: z.enum(["free", "paid"]) })
   */
  readonly schema?: StandardSchema<Extra>;
  /**
   * Caches verified tokens, so that a repeated token costs a lookup; off by default. `true` keeps the last 1,000 tokens and
   * returns the same frozen claims to all callers. A cached token is accepted only between its `nbf` and its `exp`, and only
   * under the keys that verified it.
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
   * The function that fetches the key set, for example through a service binding.
   *
   * @example (...request) => env.ISSUER.fetch(...request)
   */
  readonly fetch?: FetchFunction;
  /**
   * Seconds for which keys that are no longer fresh are used while the issuer is unreachable; 3600 by default. A key that is
   * removed during such an outage is accepted for as long. Then `verify` rejects with `ERR_KEYS_UNREACHABLE`; with 0, at once.
   *
   * @example 600
   */
  readonly maxStale?: number;
  /**
   * Called with each fetch in the background, so that a worker lives until it is done:
   * `import { waitUntil } from "cloudflare:workers"`. Without it, a later request repeats a fetch that was cut off.
   *
   * @example (promise) => ctx.waitUntil(promise)
   */
  readonly waitUntil?: WaitUntil;
  /**
   * The result of `exportKeys`, which replaces the first fetch for the same issuer and URL; `null` if there is none. The keys'
   * age counts. Other key sets and unreadable data are ignored. Protect the storage: write access to it allows forging tokens.
   *
   * @example await env.KV.get("keys", "json")
   */
  readonly snapshot?: KeySnapshot | null;
}

/**
 * Fetched public keys, as plain JSON data.
 *
 * @example JSON.stringify(verifier.exportKeys())
 */
export interface KeySnapshot {
  /** The version of the layout. Snapshots of another version are ignored. */
  readonly version: number;
  /** One for each issuer with fetched keys. */
  readonly keySets: readonly {
    /** The URL of the key set; with `discovery`, of the issuer's metadata. */
    readonly url: string;
    /** The issuer; `null` if it is not checked. */
    readonly issuer: string | null;
    /** The key set as JSON text. */
    readonly keySet: string;
    /** The `ETag` of the response. */
    readonly etag?: string;
    /** When it was requested, in seconds since 1970. */
    readonly fetchedAt: number;
    /** The seconds from then on for which it is fresh. */
    readonly maxAge: number;
  }[];
}

/**
 * Options of the token cache.
 *
 * @example { size: 10_000, claims: "fresh" }
 */
export interface CacheOptions {
  /**
   * Maximum number of tokens, 2 or more; 1,000 by default. Each takes a few times its length in memory.
   *
   * @example 10_000
   */
  readonly size?: number;
  /**
   * Whether callers share one frozen object, which is faster, or each get a fresh one; `"frozen"` by default.
   *
   * @example "fresh"
   */
  readonly claims?: "frozen" | "fresh";
}

/**
 * The policy of a verifier, with one issuer and its keys, or several.
 *
 * @example { issuer: "https://auth.example.com", audience: "api", jwks: "https://auth.example.com/.well-known/jwks.json" }
 */
export type VerifierOptions<Extra extends object = object, Required extends string = string> =
  & PolicyOptions<Extra, Required>
  & (IssuerOptions | { readonly issuers: readonly IssuerOptions[] });
