/** Finds an issuer's key set by its metadata (OpenID Connect Discovery 1.0 §4, RFC 8414 §3). */

import { millisecondsSince, moment, type Moment } from "./elapsed.js";
import { HallpassError } from "./error.js";
import { KEY_SET_TYPE, reasonOf, withinTimeout, type FetchDocument, type FetchedKeySet } from "./key-fetch.js";
import type { FetchFunction } from "./options.js";
import { faultOf } from "./url.js";

/** Maximum characters of a metadata value in a message. */
const MAX_SHOWN = 100;

/** The URL of the key set, from metadata that was requested at this moment. */
interface Location {
  readonly jwksUri: string;
  readonly requestedAt: Moment;
  /** Milliseconds. */
  readonly freshFor: number;
}

/** The URL of an issuer's metadata by OpenID Connect. A slash at the end of the issuer is removed first. */
export function metadataUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

/** The URL by RFC 8414 §3.1: the path of the issuer follows. */
function oauthMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, "")}`;
}

/** The key set of an issuer whose URL alone is known. The metadata is fetched with the keys when it is no longer fresh. */
export class Discovery {
  readonly #issuer: string;
  readonly #allowInsecure: boolean;
  readonly #fetch: FetchFunction;
  #location: Location | undefined;

  constructor(issuer: string, allowInsecure: boolean, fetch: FetchFunction) {
    this.#issuer = issuer;
    this.#allowInsecure = allowInsecure;
    this.#fetch = fetch;
  }

  /**
   * Fetches the key set, or confirms the previous one; together with the metadata in the time of one response.
   *
   * @throws {@link HallpassError} `ERR_KEYS_UNREACHABLE`, with the cause.
   */
  async fetchKeySet(previous?: FetchedKeySet): Promise<FetchedKeySet> {
    try {
      return await withinTimeout(this.#fetch, async (fetchDocument) => {
        const { jwksUri } = (this.#location = await this.#locate(fetchDocument));
        // An entity tag belongs to one URL.
        return fetchDocument(jwksUri, KEY_SET_TYPE, previous?.url === jwksUri ? previous : undefined);
      });
    } catch (cause) {
      // The key set may have moved.
      this.#location = undefined;
      const message = `the key set of the issuer ${this.#issuer} cannot be fetched: ${reasonOf(cause)}`;
      throw new HallpassError("ERR_KEYS_UNREACHABLE", message, { cause });
    }
  }

  async #locate(fetchDocument: FetchDocument): Promise<Location> {
    const known = this.#location;
    if (known !== undefined && millisecondsSince(known.requestedAt) < known.freshFor) return known;
    const failures: string[] = [];
    for (const url of [metadataUrl(this.#issuer), oauthMetadataUrl(this.#issuer)]) {
      const requestedAt = moment();
      try {
        const { text, freshFor } = await fetchDocument(url, "application/json");
        return { jwksUri: this.#readMetadata(text), requestedAt, freshFor };
      } catch (failure) {
        failures.push(`${url}: ${reasonOf(failure)}`);
      }
    }
    throw new Error(`the metadata is missing or invalid: ${failures.join("; ")}`);
  }

  /** The URL of the key set. The metadata must name exactly the issuer (RFC 8414 §3.3): otherwise it describes another one. */
  #readMetadata(text: string): string {
    const { issuer, jwks_uri: jwksUri } = (JSON.parse(text) ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
    if (issuer !== this.#issuer) throw new Error(`its \`issuer\` is ${shown(issuer)} instead of ${shown(this.#issuer)}`);
    const fault = typeof jwksUri === "string" ? faultOf(jwksUri, this.#allowInsecure) : "is missing";
    if (fault !== undefined) throw new Error(`its \`jwks_uri\` ${fault}`);
    return new URL(jwksUri as string).href;
  }
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : "not a string";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
