/** The source of a verifier's keys: an option, or the issuer's URL. */

import type { Verifier } from "../wasm/hallpass.js";
import { BoundVerifier } from "./bound-verifier.js";
import { isTemplate } from "./claim-rules.js";
import { Discovery } from "./discovery.js";
import { fetchKeySet } from "./key-fetch.js";
import type { WaitUntil } from "./options.js";
import { RemoteKeys, type RemoteSettings } from "./remote-keys.js";
import type { IssuerSettings, Settings } from "./settings.js";
import type { SavedKeySet } from "./snapshot.js";

/** Provides the wasm verifier for the current keys. */
export interface KeySource {
  /** The verifier for the current keys. Throws `ERR_KEYS_NOT_LOADED` if there are none. */
  verifier(): Verifier;
  /** The same for a caller that cannot wait: throws if the keys are too old, and starts a refresh in the background. */
  verifierSync(): Verifier;
  /** Waits for keys that are not too old; `undefined` if they are present. */
  ensureKeys(waitUntil?: WaitUntil): Promise<void> | undefined;
  /** Fetches keys because a `kid` is unknown. Returns whether the keys have changed. */
  refresh(): Promise<boolean>;
  /** The same for a caller that cannot wait. */
  refreshInBackground(): void;
  /** The verifier for the last keys, however old; `undefined` before the first fetch. */
  latest(): Verifier | undefined;
  /** The fetched key set, for a snapshot. */
  saved(): SavedKeySet | undefined;
}

/** The source for one issuer. */
export function keySource(settings: Settings, issuer: IssuerSettings): KeySource {
  const { name, keySet, secret } = issuer;
  const bind = (text: string | null, allowsSecrets: boolean) =>
    new BoundVerifier(settings.policy, [isTemplate(name) ? null : name], { keySet: text, allowsSecrets, secret });
  if (typeof keySet === "string") {
    const fetchKeySet = keySetFetcher(settings, issuer, keySet);
    return new RemoteKeys((text) => bind(text, false), { ...settings, url: keySet, issuer: name, saved: issuer.saved, fetchKeySet });
  }
  return new FixedKeys(bind(keySet === undefined ? null : JSON.stringify(keySet), true));
}

function keySetFetcher({ fetch }: Settings, { name, discovery }: IssuerSettings, url: string): RemoteSettings["fetchKeySet"] {
  if (discovery === undefined) return (previous) => fetchKeySet(url, fetch, previous);
  const discovered = new Discovery(name!, discovery.allowInsecure, fetch);
  return (previous) => discovered.fetchKeySet(previous);
}

class FixedKeys implements KeySource {
  readonly #bound: BoundVerifier;

  constructor(bound: BoundVerifier) {
    this.#bound = bound;
  }

  verifier(): Verifier {
    return this.#bound.get();
  }

  verifierSync(): Verifier {
    return this.#bound.get();
  }

  latest(): Verifier {
    return this.#bound.get();
  }

  ensureKeys(): undefined {}

  async refresh(): Promise<boolean> {
    return false;
  }

  refreshInBackground(): void {}

  saved(): undefined {}
}
