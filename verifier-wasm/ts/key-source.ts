/** Where a verifier's keys come from: handed over, or fetched from the issuer and kept. */

import type { Verifier } from "../wasm/hallpass.js";
import { BoundVerifier } from "./bound-verifier.js";
import type { WaitUntil } from "./options.js";
import { RemoteKeys } from "./remote-keys.js";
import type { IssuerSettings, Settings } from "./settings.js";
import type { SavedKeySet } from "./snapshot.js";

/** Holds the wasm verifier that is bound to the newest keys. */
export interface KeySource {
  /** The verifier for the keys that are there. Throws `ERR_KEYS_NOT_LOADED` if there are none. */
  current(): Verifier;
  /** The same for a caller who cannot wait: keys that are too old are none, and newer ones are sent for. */
  atOnce(): Verifier;
  /** Sees to it that there are keys, and that they are not too old; nothing to wait for where that is so already. */
  load(waitUntil?: WaitUntil): Promise<void> | undefined;
  /** Fetches keys because a `kid` was not found, and says whether there are newer ones now. */
  reload(): Promise<boolean>;
  /** The same for a caller who cannot wait. */
  reloadBehind(): void;
  /** What was fetched, to be put back elsewhere. */
  saved(): SavedKeySet | undefined;
}

/** A source for one issuer; keys that were handed over never change. */
export function keySource(settings: Settings, issuer: IssuerSettings): KeySource {
  const { name, keys } = issuer;
  const bind = (bound: string | Uint8Array) => new BoundVerifier(settings.policy, [name], bound);
  if (typeof keys === "string") return new RemoteKeys(bind, { ...settings, url: keys, issuer: name, saved: issuer.saved });
  // A copy, where `slice` of a Buffer would be a view: whoever wipes theirs must not change ours.
  return new GivenKeys(bind(keys instanceof Uint8Array ? new Uint8Array(keys) : JSON.stringify(keys)));
}

class GivenKeys implements KeySource {
  readonly #bound: BoundVerifier;

  constructor(bound: BoundVerifier) {
    this.#bound = bound;
  }

  current(): Verifier {
    return this.#bound.get();
  }

  atOnce(): Verifier {
    return this.#bound.get();
  }

  load(): undefined {}

  async reload(): Promise<boolean> {
    return false;
  }

  reloadBehind(): void {}

  saved(): undefined {}
}
