/** Reads the options strictly: a misspelled rule must not be silently ignored. */

import { metadataUrl } from "./discovery.js";
import type { SharedSecret } from "./bound-verifier.js";
import { TokenCache } from "./cache.js";
import { checkClaims, isTemplate, isValidTemplate, type AllowedValues, type ClaimRules } from "./claim-rules.js";
import type { Claims } from "./claims.js";
import { readLeeway, systemClock, type Clock } from "./clock.js";
import { HallpassError } from "./error.js";
import type { CacheOptions, FetchFunction, IssuerOptions, JsonWebKeySet, VerifierOptions, WaitUntil } from "./options.js";
import { applySchema, type StandardSchema } from "./schema.js";
import { findSaved, type SavedKeySet } from "./snapshot.js";
import { readMaxTokenBytes } from "./token-text.js";
import { faultOf, parseUrl } from "./url.js";

/** The policy in the form of the wasm module. */
export interface Policy {
  audiences: string[] | null;
  leeway: number;
  maxTokenAge: number | null;
  requiredClaims: string[];
  types: string[] | null;
  maxTokenBytes: number;
}

/** An issuer, its keys, and its key set from a snapshot. */
export interface IssuerSettings {
  name: string | null;
  /** The key set, or the URL of the key set or of the issuer's metadata; `undefined` if there is only a secret. */
  keySet: JsonWebKeySet | string | undefined;
  secret: SharedSecret | undefined;
  /** Present if `keySet` is the URL of the issuer's metadata. */
  discovery: { allowInsecure: boolean } | undefined;
  saved: SavedKeySet | undefined;
}

/** The checked options, with their defaults. */
export interface Settings {
  policy: Policy;
  issuers: IssuerSettings[];
  now: Clock;
  fetch: FetchFunction;
  /** Milliseconds. */
  maxStale: number;
  waitUntil: WaitUntil | undefined;
  /** Parses the claims text of the wasm module, and applies the schema. */
  readClaims: (text: string) => Claims;
  cache: TokenCache | undefined;
}

/** Seconds for which stale keys are used while the issuer is down: enough to restart it, and a removed key is not accepted for long. */
const DEFAULT_MAX_STALE = 3600;

const ISSUER_OPTIONS = ["issuer", "jwks", "secret", "secretAlg", "discovery", "allowInsecureJwks"];
const OPTION_NAMES = [
  "issuers", "audience", "leeway", "maxTokenAge", "maxTokenBytes", "requiredClaims", "typ", "schema", "cache", "now", "fetch", "maxStale",
  "waitUntil", "snapshot", "clientId", "authorizedParties", "claimValues", ...ISSUER_OPTIONS,
];

/** @throws {@link HallpassError} `ERR_OPTIONS_INVALID`; the message names the option and its valid values. */
export function readOptions(options: VerifierOptions): Settings {
  const { audience, leeway, maxTokenAge, requiredClaims = [], typ = "at+jwt", cache = false, now = systemClock, ...rest } =
    checkNames(options, OPTION_NAMES, "the options");
  const issuers = readIssuers(options, readSnapshot(rest.snapshot));
  const readClaims = claimReader(readClaimRules(options, issuers), rest.schema);
  return {
    policy: {
      audiences: readTextOrTexts("audience", audience, "is required: a string, an array of strings, or null to disable the check"),
      leeway: readLeeway(leeway),
      maxTokenAge: maxTokenAge === undefined ? null : readSeconds("maxTokenAge", maxTokenAge, 1),
      requiredClaims: readTexts("requiredClaims", requiredClaims),
      types: readTextOrTexts("typ", typ, "must be a string, an array of strings, or null to accept any"),
      maxTokenBytes: readMaxTokenBytes(rest.maxTokenBytes),
    },
    issuers,
    now: readFunction("now", now),
    // Reads the global at each call: it may be replaced, and some runtimes require a call by its bare name.
    fetch: readFunction("fetch", rest.fetch === undefined ? (...request) => fetch(...request) : rest.fetch),
    maxStale: readSeconds("maxStale", rest.maxStale ?? DEFAULT_MAX_STALE, 0) * 1000,
    waitUntil: rest.waitUntil === undefined ? undefined : readFunction("waitUntil", rest.waitUntil),
    readClaims,
    cache: readCache(cache, readClaims),
  };
}

function readIssuers(options: VerifierOptions, snapshot: object): IssuerSettings[] {
  if (!("issuers" in options)) return [readIssuer(options, snapshot)];
  const { issuers } = options;
  if (ISSUER_OPTIONS.some((name) => name in options)) {
    throw invalid("use either `issuers`, or `issuer` with `jwks` or `secret`");
  }
  if (!Array.isArray(issuers) || issuers.length === 0) throw invalid("`issuers` must be a non-empty array");
  const read = issuers.map((each) => readIssuer(checkNames(each, ISSUER_OPTIONS, "each of `issuers`"), snapshot));
  const names = read.map(({ name }) => name);
  if (read.length > 1 && (names.includes(null) || new Set(names).size < names.length)) {
    throw invalid("each of several `issuers` must have a different `issuer`");
  }
  if (read.length > 1 && names.some(isTemplate)) throw invalid("none of several `issuers` may be a template");
  return read;
}

function readIssuer(options: IssuerOptions, snapshot: object): IssuerSettings {
  const { issuer, jwks, secret, secretAlg, discovery = false, allowInsecureJwks = false } = options;
  if (issuer !== null && !isText(issuer)) {
    throw invalid("`issuer` is required: a string, or null to disable the check");
  }
  if (isTemplate(issuer) && !isValidTemplate(issuer)) {
    throw invalid("a template in `issuer` is a URL with names of claims in braces behind the host: https://a.example/{tid}");
  }
  const isDiscovered = readBoolean("discovery", discovery);
  const allowInsecure = readBoolean("allowInsecureJwks", allowInsecureJwks);
  if (jwks !== undefined && isDiscovered) throw invalid("use either `jwks` or `discovery: true`");
  if (jwks === undefined && secret === undefined && !isDiscovered) throw invalid("one of `jwks`, `secret` and `discovery: true` is required");
  if (secret === undefined && secretAlg !== undefined) throw invalid("`secretAlg` is the algorithm of a `secret`");
  const keySet = isDiscovered ? readDiscovered(issuer, allowInsecure) : jwks === undefined ? undefined : readKeys(jwks, allowInsecure);
  return {
    name: issuer,
    keySet,
    secret: secret === undefined ? undefined : readSecret(secret, secretAlg),
    discovery: isDiscovered ? { allowInsecure } : undefined,
    saved: typeof keySet === "string" ? findSaved(snapshot, keySet, issuer) : undefined,
  };
}

/** The URL of the issuer's metadata. An issuer's URL has neither query nor fragment (RFC 8414 §2). */
function readDiscovered(issuer: string | null, allowInsecure: boolean): string {
  const fault = issuer === null || isTemplate(issuer) ? "must be a URL" : faultOf(issuer, allowInsecure);
  if (fault !== undefined) throw invalid(`with \`discovery\`, \`issuer\` ${fault}`);
  if (/[?#]/.test(issuer!)) throw invalid("with `discovery`, `issuer` must have no query and no fragment");
  return new URL(metadataUrl(issuer!)).href;
}

function readClaimRules({ clientId, authorizedParties, claimValues = {} }: VerifierOptions, issuers: IssuerSettings[]): ClaimRules {
  if (typeof claimValues !== "object" || claimValues === null) throw invalid("`claimValues` must be an object");
  const values = Object.entries(claimValues).map(([name, value]): [string, AllowedValues] => [
    name, value === true || readOneOrMore(`claimValues.${name}`, value, "must be a string, an array of strings, or true"),
  ]);
  const readClients = (name: string, value: unknown) =>
    value === undefined ? undefined : readOneOrMore(name, value, "must be a string or an array of strings");
  return {
    issuerTemplate: issuers.map(({ name }) => name).find(isTemplate),
    clientIds: readClients("clientId", clientId),
    authorizedParties: readClients("authorizedParties", authorizedParties),
    values: new Map(values),
  };
}

function claimReader(rules: ClaimRules, schema: StandardSchema<object> | undefined): (text: string) => Claims {
  const read = (text: string) => {
    const claims = JSON.parse(text) as Claims;
    checkClaims(claims, rules);
    return claims;
  };
  if (schema === undefined) return read;
  // ArkType's schemas are functions.
  const isObject = (typeof schema === "object" || typeof schema === "function") && schema !== null;
  if (isObject && typeof schema["~standard"]?.validate === "function") return (text) => applySchema(schema, read(text));
  throw invalid("`schema` must have the interface of standardschema.dev");
}

/** Its content is checked later and may be anything: a store may contain data of earlier versions. */
function readSnapshot(snapshot: unknown): object {
  if (typeof snapshot === "object") return snapshot ?? {};
  if (snapshot === undefined) return {};
  throw invalid("`snapshot` must be the object that `exportKeys` returned, or null: for a text, JSON.parse(text)");
}

function checkNames<Options extends object>(options: Options, names: readonly string[], what: string): Options {
  if (typeof options !== "object" || options === null) throw invalid(`${what} must be an object`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`\`${unknown}\` is not an option of this version`);
  return options;
}

function readTextOrTexts(name: string, value: unknown, expected: string): string[] | null {
  return value === null ? null : readOneOrMore(name, value, expected);
}

function readOneOrMore(name: string, value: unknown, expected: string): string[] {
  const list: unknown = Array.isArray(value) ? value : [value];
  if (isTexts(list) && list.length > 0) return [...list];
  throw invalid(`\`${name}\` ${expected}`);
}

function readTexts(name: string, value: unknown): string[] {
  if (isTexts(value)) return [...value];
  throw invalid(`\`${name}\` must be an array of strings`);
}

function isTexts(value: unknown): value is string[] {
  // `every` skips the holes of a sparse array; a copy has none.
  return Array.isArray(value) && Array.from(value).every(isText);
}

/** Whether a value is a non-empty text that UTF-8 can encode: half a surrogate pair would become another character in wasm. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !/\p{Surrogate}/u.test(value);
}

function readSeconds(name: string, value: unknown, min: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min) return value;
  throw invalid(`\`${name}\` must be whole seconds, ${min} or more`);
}

function readCache(cache: unknown, readClaims: (text: string) => Claims): TokenCache | undefined {
  if (cache === false) return undefined;
  if (cache !== true && (typeof cache !== "object" || cache === null)) throw invalid("`cache` must be true, false or an object");
  const { size = 1000, claims = "frozen" } = cache === true ? {} : checkNames<CacheOptions>(cache, ["size", "claims"], "`cache`");
  if (!Number.isSafeInteger(size) || size < 2) throw invalid("`cache.size` must be a whole number, 2 or more");
  if (claims !== "frozen" && claims !== "fresh") throw invalid('`cache.claims` must be "frozen" or "fresh"');
  return new TokenCache(size, claims, readClaims);
}

function readBoolean(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw invalid(`\`${name}\` must be true or false`);
}

function readFunction<F>(name: string, value: F): F {
  if (typeof value === "function") return value;
  throw invalid(`\`${name}\` must be a function`);
}

function readKeys(jwks: unknown, allowInsecure: boolean): JsonWebKeySet | string {
  // Not by `instanceof URL`: a test runner's page has another class.
  const text = typeof jwks === "object" && jwks !== null && "href" in jwks ? jwks.href : jwks;
  if (typeof text === "string") return readUrl(text, allowInsecure);
  if (typeof jwks === "object" && jwks !== null && isJson(jwks)) return jwks as JsonWebKeySet;
  throw invalid("`jwks` must be a URL, or a JSON Web Key Set");
}

/** Whether a value can be JSON: an object with a `bigint`, or one that contains itself, is not a key set. */
function isJson(value: object): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

function readSecret(secret: unknown, alg: unknown = "HS256"): SharedSecret {
  // By the kind of the view, not by its class: a test runner's page has another one.
  const isBytes = ArrayBuffer.isView(secret) && Object.prototype.toString.call(secret) === "[object Uint8Array]";
  if (!isBytes) throw invalid("`secret` must be a Uint8Array: for a text, new TextEncoder().encode(text)");
  if (alg !== "HS256" && alg !== "HS384" && alg !== "HS512") throw invalid('`secretAlg` must be "HS256", "HS384" or "HS512"');
  // A copy, because the caller may overwrite it.
  return { bytes: new Uint8Array(secret as Uint8Array), alg };
}

function readUrl(text: string, allowInsecure: boolean): string {
  if (parseUrl(text) === undefined) throw invalid("`jwks` must be an absolute URL, or a JSON Web Key Set");
  const fault = faultOf(text, allowInsecure);
  if (fault !== undefined) throw invalid(`\`jwks\` ${fault}`);
  return new URL(text).href;
}

function invalid(message: string): HallpassError {
  return new HallpassError("ERR_OPTIONS_INVALID", message);
}
