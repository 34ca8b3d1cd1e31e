/** Checks ES256, RS256 and PS256 signatures (RFC 7518 §3) with the runtime's WebCrypto, whose native code is faster. */

import { HallpassError } from "./error.js";

/** WebCrypto's parameters of each algorithm, for import and verification. */
const ALGORITHMS = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
} as const;

/** A public key that the wasm module has checked, with its one algorithm. */
interface PublicKey extends JsonWebKey {
  alg: keyof typeof ALGORITHMS;
}

/** Maximum number of imported keys in memory: that of a key set. */
const MAX_KEYS = 64;

/** Checks signatures, and caches imported keys. */
export class SignatureChecker {
  readonly #imported = new Map<string, CryptoKey>();

  /** Whether the signature of a well-formed token is valid; `keyText` is a JSON Web Key. */
  async isValid(token: string, keyText: string): Promise<boolean> {
    const { subtle } = globalThis.crypto ?? {};
    if (subtle === undefined) {
      throw new HallpassError(
        "ERR_WEBCRYPTO_MISSING",
        "ES256, RS256 and PS256 need WebCrypto, which a page has only over https: or on localhost",
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
      throw new HallpassError("ERR_KEY_SET_INVALID", `this runtime's WebCrypto rejects the key for ${key.alg}`, { cause });
    }
  }

  /** Two requests may both import a key: in workerd, a request must not wait for another one's promise. */
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
 * Whether an RSA signature has the length of the modulus and is the smaller number (RFC 8017 §5.2.2, §8.1.2). Deno 2.9 does not
 * check this: a PS256 signature plus the modulus would be a second valid signature.
 */
function isBelow(signature: Uint8Array, modulus: Uint8Array): boolean {
  if (signature.length !== modulus.length) return false;
  const position = signature.findIndex((byte, index) => byte !== modulus[index]);
  return position !== -1 && signature[position]! < modulus[position]!;
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}
