/** The options of a verifier, read strictly: a rule that somebody believes in must not be ignored in silence. */

import { readLeeway, systemClock, type Clock } from "./clock.js";
import { HallpassError } from "./error.js";

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JsonWebKeySet {
  keys: object[];
}

/** The standard `fetch`, or one that behaves like it. */
export type FetchFunction = typeof fetch;

/** What a verifier accepts, and where it gets its keys. All times are in seconds. */
export interface VerifierOptions {
  /** The issuer that the claim `iss` must name, to the letter; `null` says: on purpose not checked. */
  issuer: string | null;
  /** The audience that must be among those of the claim `aud`; `null` says: on purpose not checked. */
  audience: string | null;
  /**
   * The issuer's public keys: the key set itself, or the URL that it is fetched from at the first use, kept for five
   * minutes. Only `https:` will do, but on `localhost`.
   */
  jwks: JsonWebKeySet | URL | string;
  /** How many seconds the clocks of issuer and verifier may differ; 0 by default. */
  leeway?: number;
  /** Returns the time in seconds since 1970; the machine's clock by default. */
  now?: Clock;
  /** Fetches the key set, say through a service binding: `(...request) => env.ISSUER.fetch(...request)`. */
  fetch?: FetchFunction;
}

/** The options as the rest of the package wants them: read, and with their defaults. */
export interface Settings {
  policy: { issuer: string | null; audience: string | null; leeway: number };
  keys: JsonWebKeySet | URL;
  now: Clock;
  fetch: FetchFunction;
}

const KNOWN = new Set<string>(["issuer", "audience", "jwks", "leeway", "now", "fetch"] satisfies (keyof VerifierOptions)[]);

/** @throws {@link HallpassError} `ERR_OPTIONS_INVALID`; the message names the option and what it takes. */
export function readOptions(options: VerifierOptions): Settings {
  if (typeof options !== "object" || options === null) throw invalid("the options must be an object");
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw invalid(`\`${unknown}\` is not an option of this version`);
  const { issuer, audience, jwks, leeway, now = systemClock } = options;
  return {
    policy: { issuer: expected("issuer", issuer), audience: expected("audience", audience), leeway: readLeeway(leeway) },
    keys: readKeys(jwks),
    now: callable("now", now),
    // The global is looked up at each call: it may be replaced, and some runtimes want it called by its bare name.
    fetch: callable("fetch", options.fetch ?? ((...request) => fetch(...request))),
  };
}

function expected(name: "issuer" | "audience", value: unknown): string | null {
  if (value === null || (typeof value === "string" && value !== "")) return value;
  throw invalid(`\`${name}\` is required: a string, or null to leave the ${name} unchecked on purpose`);
}

function callable<F>(name: "now" | "fetch", value: F): F {
  if (typeof value === "function") return value;
  throw invalid(`\`${name}\` must be a function`);
}

function readKeys(jwks: unknown): JsonWebKeySet | URL {
  if (typeof jwks === "string" || jwks instanceof URL) return readUrl(String(jwks));
  if (typeof jwks === "object" && jwks !== null) return jwks as JsonWebKeySet;
  throw invalid("`jwks` is required: a URL, or a JSON Web Key Set");
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
