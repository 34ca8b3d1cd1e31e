/** Reads the options strictly: a rule that somebody believes in must not be ignored in silence. */

import { TokenCache } from "./cache.js";
import type { Claims } from "./claims.js";
import { readLeeway, systemClock, type Clock } from "./clock.js";
import { HallpassError } from "./error.js";
import type { CacheOptions, FetchFunction, IssuerOptions, JsonWebKeySet, VerifierOptions, WaitUntil } from "./options.js";
import { applySchema, type StandardSchema } from "./schema.js";
import { findSaved, type SavedKeySet } from "./snapshot.js";

/** The policy as the wasm module reads it. */
export interface Policy {
  audiences: string[] | null;
  leeway: number;
  maxTokenAge: number | null;
  requiredClaims: string[];
  types: string[] | null;
}

/** The keys of an issuer, the URL that they are fetched from, or the secret that is shared with it. */
export type Keys = JsonWebKeySet | string | Uint8Array;

/** An issuer, its keys, and those that a snapshot has for it. */
export interface IssuerSettings {
  name: string | null;
  keys: Keys;
  saved: SavedKeySet | undefined;
}

/** The options as the rest of the package wants them: read, and with their defaults. */
export interface Settings {
  policy: Policy;
  issuers: IssuerSettings[];
  now: Clock;
  fetch: FetchFunction;
  /** Milliseconds. */
  maxStale: number;
  waitUntil: WaitUntil | undefined;
  /** Makes claims of the text that the wasm module hands out. */
  readClaims: (text: string) => Claims;
  cache: TokenCache | undefined;
}

/** Seconds for which keys serve on while the issuer is down: time enough to bring one back, and none for a stolen key to grow old. */
const MAX_STALE = 3600;

const ISSUER_OPTIONS = ["issuer", "jwks", "secret"];
const KNOWN = [
  "issuers", "audience", "leeway", "maxTokenAge", "requiredClaims", "typ", "schema", "cache", "now", "fetch", "maxStale", "waitUntil",
  "snapshot", ...ISSUER_OPTIONS,
];

/** @throws {@link HallpassError} `ERR_OPTIONS_INVALID`; the message names the option and what it takes. */
export function readOptions(options: VerifierOptions): Settings {
  const { audience, leeway, maxTokenAge, requiredClaims = [], typ = "at+jwt", cache = false, now = systemClock, ...rest } =
    known(options, KNOWN, "the options");
  const readClaims = claimReader(rest.schema);
  return {
    policy: {
      audiences: textOrTexts("audience", audience, "is required: a string, an array of strings, or null to leave the audience unchecked on purpose"),
      leeway: readLeeway(leeway),
      maxTokenAge: maxTokenAge === undefined ? null : seconds("maxTokenAge", maxTokenAge, 1),
      requiredClaims: texts("requiredClaims", requiredClaims),
      types: textOrTexts("typ", typ, "must be a string, an array of strings, or null to accept any on purpose"),
    },
    issuers: readIssuers(options, readSnapshot(rest.snapshot)),
    now: callable("now", now),
    // The global is looked up at each call: it may be replaced, and some runtimes want it called by its bare name.
    fetch: callable("fetch", rest.fetch === undefined ? (...request) => fetch(...request) : rest.fetch),
    maxStale: seconds("maxStale", rest.maxStale ?? MAX_STALE, 0) * 1000,
    waitUntil: rest.waitUntil === undefined ? undefined : callable("waitUntil", rest.waitUntil),
    readClaims,
    cache: readCache(cache, readClaims),
  };
}

function readIssuers(options: VerifierOptions, snapshot: object): IssuerSettings[] {
  if (!("issuers" in options)) return [readIssuer(options, snapshot)];
  const { issuers } = options;
  if (ISSUER_OPTIONS.some((name) => name in options)) {
    throw invalid("`issuers` and `issuer`, `jwks` or `secret` exclude each other");
  }
  if (!Array.isArray(issuers) || issuers.length === 0) throw invalid("`issuers` must be an array of one or more");
  const read = issuers.map((each) => readIssuer(known(each, ISSUER_OPTIONS, "each of `issuers`"), snapshot));
  const names = read.map(({ name }) => name);
  if (read.length > 1 && (names.includes(null) || new Set(names).size < names.length)) {
    throw invalid("each of several `issuers` must have an `issuer` of its own");
  }
  return read;
}

function readIssuer({ issuer, jwks, secret }: IssuerOptions, snapshot: object): IssuerSettings {
  if (issuer !== null && !isText(issuer)) {
    throw invalid("`issuer` is required: a string, or null to leave the issuer unchecked on purpose");
  }
  if ((jwks === undefined) === (secret === undefined)) throw invalid("exactly one of `jwks` and `secret` is required");
  const keys = secret === undefined ? readKeys(jwks) : readSecret(secret);
  return { name: issuer, keys, saved: typeof keys === "string" ? findSaved(snapshot, keys, issuer) : undefined };
}

function claimReader(schema: StandardSchema<object> | undefined): (text: string) => Claims {
  if (schema === undefined) return (text) => JSON.parse(text) as Claims;
  // ArkType's schemas are functions.
  const isObject = (typeof schema === "object" || typeof schema === "function") && schema !== null;
  if (isObject && typeof schema["~standard"]?.validate === "function") return (text) => applySchema(schema, JSON.parse(text) as Claims);
  throw invalid("`schema` must have the interface of standardschema.dev");
}

/** What is in it is judged when it is used, and may be anything: a store keeps what former versions wrote. */
function readSnapshot(snapshot: unknown): object {
  if (typeof snapshot === "object") return snapshot ?? {};
  if (snapshot === undefined) return {};
  throw invalid("`snapshot` must be the object that `exportKeys` returned, or null: for a text, JSON.parse(text)");
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

function seconds(name: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw invalid(`\`${name}\` must be whole seconds, ${least} or more`);
}

function readCache(cache: unknown, readClaims: (text: string) => Claims): TokenCache | undefined {
  if (cache === false) return undefined;
  if (cache !== true && (typeof cache !== "object" || cache === null)) throw invalid("`cache` must be true, false or an object");
  const { size = 1000, claims = "frozen" } = cache === true ? {} : known<CacheOptions>(cache, ["size", "claims"], "`cache`");
  if (!Number.isSafeInteger(size) || size < 2) throw invalid("`cache.size` must be a whole number, 2 or more");
  if (claims !== "frozen" && claims !== "fresh") throw invalid('`cache.claims` must be "frozen" or "fresh"');
  return new TokenCache(size, claims, readClaims);
}

function callable<F>(name: string, value: F): F {
  if (typeof value === "function") return value;
  throw invalid(`\`${name}\` must be a function`);
}

function readKeys(jwks: unknown): JsonWebKeySet | string {
  // Not by `instanceof URL`: a test runner's page has a class of its own.
  const text = typeof jwks === "object" && jwks !== null && "href" in jwks ? jwks.href : jwks;
  if (typeof text === "string") return readUrl(text);
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
function readUrl(text: string): string {
  if (!URL.canParse(text)) throw invalid("`jwks` must be an absolute URL, or a JSON Web Key Set");
  const url = new URL(text);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) {
    throw invalid("`jwks` must be an https: URL; http: is for localhost only");
  }
  if (url.username !== "" || url.password !== "") throw invalid("`jwks` must not have a user name or password in it");
  return url.href;
}

function invalid(message: string): HallpassError {
  return new HallpassError("ERR_OPTIONS_INVALID", message);
}
