/** Signatures that the runtime's own WebCrypto checks: ES256, RS256, PS256 (RFC 7518 §3). Native code is faster there. */

import { HallpassError } from "./error.js";

/** What WebCrypto calls the algorithms, with what it wants to know of each to import a key and to verify. */
const ALGORITHMS = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
} as const;

/** A public key as the wasm module hands it out: read, checked, and with the one algorithm that it is for. */
interface PublicKey extends JsonWebKey {
  alg: keyof typeof ALGORITHMS;
}

/** The most keys that are kept imported: as many as a key set may hold. */
const MAX_KEYS = 64;

/** Checks signatures, and keeps the keys that it has imported. */
export class SignatureChecker {
  readonly #imported = new Map<string, CryptoKey>();

  /** Whether the signature of a well-formed token fits the key, which is the text of a JSON Web Key. */
  async fits(token: string, keyText: string): Promise<boolean> {
    const { subtle } = globalThis.crypto ?? {};
    if (subtle === undefined) {
      throw new HallpassError(
        "ERR_WEBCRYPTO_MISSING",
        "ES256, RS256 and PS256 need WebCrypto, which pages have only over https: or on localhost",
      );
    }
    const key = JSON.parse(keyText) as PublicKey;
    const end = token.lastIndexOf(".");
    const signed = new TextEncoder().encode(token.slice(0, end));
    const signature = bytesOf(token.slice(end + 1));
    if (key.n !== undefined && !isBelow(signature, bytesOf(key.n))) return false;
    try {
      const imported = await this.#import(subtle, keyText, key);
      return await subtle.verify(ALGORITHMS[key.alg], imported, signature, signed);
    } catch (cause) {
      throw new HallpassError("ERR_KEY_SET_INVALID", `this runtime's WebCrypto does not take the key for ${key.alg}`, { cause });
    }
  }

  /** Two requests may both import a key: none waits for what the other has begun, which workerd forbids. */
  async #import(subtle: SubtleCrypto, keyText: string, key: PublicKey): Promise<CryptoKey> {
    const known = this.#imported.get(keyText);
    if (known !== undefined) return known;
    const imported = await subtle.importKey("jwk", key, ALGORITHMS[key.alg], false, ["verify"]);
    if (this.#imported.size >= MAX_KEYS) this.#imported.clear();
    this.#imported.set(keyText, imported);
    return imported;
  }
}

/**
 * Whether an RSA signature has its modulus's length and is the lesser number (RFC 8017 §5.2.2, §8.1.2). Deno 2.9 does not look, so
 * that whoever added the modulus to a signature by PS256 had another token as good as the first.
 */
function isBelow(signature: Uint8Array, modulus: Uint8Array): boolean {
  if (signature.length !== modulus.length) return false;
  const place = signature.findIndex((byte, index) => byte !== modulus[index]);
  return place !== -1 && signature[place]! < modulus[place]!;
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}
