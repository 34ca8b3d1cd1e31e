/** The options of a verifier, read strictly: a rule that somebody believes in must not be ignored in silence. */

import { TokenCache, type SharedClaims } from "./cache.js";
import { readLeeway, systemClock, type Clock } from "./clock.js";
import { HallpassError } from "./error.js";

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JsonWebKeySet {
  keys: object[];
}

/** The standard `fetch`, or one that behaves like it. */
export type FetchFunction = typeof fetch;

/** Whose tokens are accepted, and by which keys: exactly one of `jwks` and `secret`. */
export interface IssuerOptions {
  /** The issuer that the claim `iss` must name, to the letter; `null` says: on purpose not checked. */
  issuer: string | null;
  /**
   * The issuer's public keys: the key set itself, or the URL that it is fetched from at the first use, kept for five
   * minutes. Only `https:` will do, but on `localhost`.
   */
  jwks?: JsonWebKeySet | URL | string;
  /** The secret that is shared with the issuer, for HS256: at least 32 bytes. Never in a page: whoever has it can sign. */
  secret?: Uint8Array;
}

/** What a verifier accepts, whoever issued it. All times are in seconds. */
export interface PolicyOptions {
  /**
   * The audience that must be among those of the claim `aud`, or several of which one must; `null` says: on purpose not
   * checked.
   */
  audience: string | readonly string[] | null;
  /** How many seconds the clocks of issuer and verifier may differ; 0 by default. */
  leeway?: number;
  /** How many seconds after its `iat` a token is accepted at most, whatever its `exp`; unlimited by default. */
  maxTokenAge?: number;
  /** Claims that must be there, of whatever value; none by default. */
  requiredClaims?: readonly string[];
  /** The `typ` that the header must have, or several of which it must have one; `"at+jwt"` by default, `null`: any. */
  typ?: string | readonly string[] | null;
  /**
   * Remembers tokens that were verified, so that one that comes again costs a look-up; off by default. `true` keeps the last
   * 1,000 and hands the same frozen claims to everybody. A token is never accepted after its `exp` or before its `nbf`, nor
   * under other keys than those that are there.
   */
  cache?: boolean | CacheOptions;
  /** Returns the time in seconds since 1970; the machine's clock by default. */
  now?: Clock;
  /** Fetches the key set, say through a service binding: `(...request) => env.ISSUER.fetch(...request)`. */
  fetch?: FetchFunction;
}

/** How tokens are remembered. */
export interface CacheOptions {
  /** How many tokens are remembered at most, 2 or more; 1,000 by default. Each takes a few times its length in memory. */
  size?: number;
  /** Whether callers share one frozen object, which is quicker, or each get an object of their own; `"frozen"` by default. */
  claims?: SharedClaims;
}

/** What a verifier accepts, and where it gets its keys: one issuer's, or those of several, each with keys of its own. */
export type VerifierOptions = PolicyOptions & (IssuerOptions | { issuers: readonly IssuerOptions[] });

/** The policy as the wasm module reads it. */
export interface Policy {
  audiences: string[] | null;
  leeway: number;
  maxTokenAge: number | null;
  requiredClaims: string[];
  types: string[] | null;
}

/** The keys of an issuer, where they are to be fetched, or the secret that is shared with it. */
export type Keys = JsonWebKeySet | URL | Uint8Array;

/** The options as the rest of the package wants them: read, and with their defaults. */
export interface Settings {
  policy: Policy;
  issuers: { name: string | null; keys: Keys }[];
  now: Clock;
  fetch: FetchFunction;
  cache: TokenCache | undefined;
}

const ISSUER_OPTIONS = ["issuer", "jwks", "secret"];
const KNOWN = ["issuers", "audience", "leeway", "maxTokenAge", "requiredClaims", "typ", "cache", "now", "fetch", ...ISSUER_OPTIONS];

/** @throws {@link HallpassError} `ERR_OPTIONS_INVALID`; the message names the option and what it takes. */
export function readOptions(options: VerifierOptions): Settings {
  const { audience, leeway, maxTokenAge, requiredClaims = [], typ = "at+jwt", cache = false, now = systemClock, ...rest } =
    known(options, KNOWN, "the options");
  return {
    policy: {
      audiences: textOrTexts("audience", audience, "is required: a string, an array of strings, or null to leave the audience unchecked on purpose"),
      leeway: readLeeway(leeway),
      maxTokenAge: age(maxTokenAge),
      requiredClaims: texts("requiredClaims", requiredClaims),
      types: textOrTexts("typ", typ, "must be a string, an array of strings, or null to accept any on purpose"),
    },
    issuers: readIssuers(options),
    now: callable("now", now),
    // The global is looked up at each call: it may be replaced, and some runtimes want it called by its bare name.
    fetch: callable("fetch", rest.fetch === undefined ? (...request) => fetch(...request) : rest.fetch),
    cache: readCache(cache),
  };
}

function readIssuers(options: VerifierOptions): Settings["issuers"] {
  if (!("issuers" in options)) return [readIssuer(options)];
  const { issuers } = options;
  if (ISSUER_OPTIONS.some((name) => name in options)) {
    throw invalid("`issuers` and `issuer`, `jwks` or `secret` exclude each other");
  }
  if (!Array.isArray(issuers) || issuers.length === 0) throw invalid("`issuers` must be an array of one or more");
  const read = issuers.map((each) => readIssuer(known(each, ISSUER_OPTIONS, "each of `issuers`")));
  const names = read.map(({ name }) => name);
  if (read.length > 1 && (names.includes(null) || new Set(names).size < names.length)) {
    throw invalid("each of several `issuers` must have an `issuer` of its own");
  }
  return read;
}

function readIssuer({ issuer, jwks, secret }: IssuerOptions): { name: string | null; keys: Keys } {
  if (issuer !== null && !isText(issuer)) {
    throw invalid("`issuer` is required: a string, or null to leave the issuer unchecked on purpose");
  }
  if ((jwks === undefined) === (secret === undefined)) throw invalid("exactly one of `jwks` and `secret` is required");
  return { name: issuer, keys: secret === undefined ? readKeys(jwks) : readSecret(secret) };
}

function known<Options extends object>(options: Options, names: readonly string[], what: string): Options {
  if (typeof options !== "object" || options === null) throw invalid(`${what} must be an object`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`\`${unknown}\` is not an option of this version`);
  return options;
}

function textOrTexts(name: string, value: unknown, expected: string): string[] | null {
  if (value === null) return null;
  const list: unknown = Array.isArray(value) ? value : [value];
  if (isTexts(list) && list.length > 0) return [...list];
  throw invalid(`\`${name}\` ${expected}`);
}

function texts(name: string, value: unknown): string[] {
  if (isTexts(value)) return [...value];
  throw invalid(`\`${name}\` must be an array of strings`);
}

function isTexts(value: unknown): value is string[] {
  // A copy has no holes, which `every` would pass over.
  return Array.isArray(value) && Array.from(value).every(isText);
}

/** A text that is not empty, and that UTF-8 can hold: half a surrogate pair would become another character in wasm. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !/\p{Surrogate}/u.test(value);
}

function age(value: unknown): number | null {
  if (value === undefined) return null;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  throw invalid("`maxTokenAge` must be whole seconds, 1 or more");
}

function readCache(cache: unknown): TokenCache | undefined {
  if (cache === false) return undefined;
  if (cache !== true && (typeof cache !== "object" || cache === null)) throw invalid("`cache` must be true, false or an object");
  const { size = 1000, claims = "frozen" } = cache === true ? {} : known<CacheOptions>(cache, ["size", "claims"], "`cache`");
  if (!Number.isSafeInteger(size) || size < 2) throw invalid("`cache.size` must be a whole number, 2 or more");
  if (claims !== "frozen" && claims !== "fresh") throw invalid('`cache.claims` must be "frozen" or "fresh"');
  return new TokenCache(size, claims);
}

function callable<F>(name: "now" | "fetch", value: F): F {
  if (typeof value === "function") return value;
  throw invalid(`\`${name}\` must be a function`);
}

function readKeys(jwks: unknown): JsonWebKeySet | URL {
  if (typeof jwks === "string" || jwks instanceof URL) return readUrl(String(jwks));
  if (typeof jwks === "object" && jwks !== null && isJson(jwks)) return jwks as JsonWebKeySet;
  throw invalid("`jwks` must be a URL, or a JSON Web Key Set");
}

/** Whether JSON can hold it: an object with a `bigint` in it, or one that contains itself, cannot be a key set. */
function isJson(value: object): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

function readSecret(secret: unknown): Uint8Array {
  if (secret instanceof Uint8Array) return secret;
  throw invalid("`secret` must be a Uint8Array: for a text, new TextEncoder().encode(text)");
}

/** Whoever can change the keys on their way can sign any token, so they travel encrypted or not at all. */
function readUrl(text: string): URL {
  if (!URL.canParse(text)) throw invalid("`jwks` must be an absolute URL, or a JSON Web Key Set");
  const url = new URL(text);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) {
    throw invalid("`jwks` must be an https: URL; http: is for localhost only");
  }
  if (url.username !== "" || url.password !== "") throw invalid("`jwks` must not have a user name or password in it");
  return url;
}

function invalid(message: string): HallpassError {
  return new HallpassError("ERR_OPTIONS_INVALID", message);
}
