/** Writes tokens to wasm memory and reads claims from it with one copy each; the generated glue makes two. */

import type { Verifier, Workspace } from "../wasm/hallpass.js";

/** The module returns this instead of a length if WebCrypto must check the signature. */
const NEEDS_WEB_CRYPTO = -2;

/** A range of the module's memory. It never moves, but its buffer is replaced when the memory grows. */
class MemoryRange {
  readonly #memory: WebAssembly.Memory;
  readonly #address: number;
  readonly #length: number;
  #bytes: Uint8Array<ArrayBuffer>;

  constructor(memory: WebAssembly.Memory, address: number, length: number) {
    this.#memory = memory;
    this.#address = address;
    this.#length = length;
    this.#bytes = this.#view();
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.length === 0 ? (this.#bytes = this.#view()) : this.#bytes;
  }

  #view(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer as ArrayBuffer, this.#address, this.#length);
  }
}

/**
 * Calls the module for one token at a time. Each token must have been checked by `tokenText`: a longer one would be cut. Refusals
 * are thrown as text.
 */
export class TokenMemory {
  readonly #workspace: Workspace;
  readonly #input: MemoryRange;
  readonly #output: MemoryRange;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  constructor(workspace: Workspace, memory: WebAssembly.Memory) {
    this.#workspace = workspace;
    this.#input = new MemoryRange(memory, workspace.inputAddress(), workspace.inputBytes());
    this.#output = new MemoryRange(memory, workspace.outputAddress(), workspace.outputBytes());
  }

  /** `{"header": …, "claims": …}` as JSON text. */
  decode(token: string): string {
    return this.#read(this.#workspace.decode(this.#write(token)));
  }

  /** The claim `exp`, in seconds since 1970. */
  expiresAt(token: string): number {
    const time = this.#workspace.expiresAt(this.#write(token));
    if (time < 0) throw this.#workspace.refusal();
    return time;
  }

  /** The claims as JSON text. */
  verify(verifier: Verifier, token: string, now: number): string {
    return this.#read(verifier.verify(this.#workspace, this.#write(token), now));
  }

  /** The claims as JSON text; `undefined` where WebCrypto must check the signature. */
  verifyUnlessExternal(verifier: Verifier, token: string, now: number): string | undefined {
    const length = verifier.verify(this.#workspace, this.#write(token), now);
    return length === NEEDS_WEB_CRYPTO ? undefined : this.#read(length);
  }

  /** The text of the JSON Web Key that WebCrypto must check the signature with. */
  externalKey(verifier: Verifier, token: string): string | undefined {
    return verifier.externalKey(this.#workspace, this.#write(token));
  }

  /** The claims as JSON text, after WebCrypto has checked the signature. */
  verifyChecked(verifier: Verifier, token: string, isSignatureValid: boolean, now: number): string {
    return this.#read(verifier.verifyChecked(this.#workspace, this.#write(token), isSignatureValid, now));
  }

  /** The index of the issuer whose keys a token needs. */
  issuerIndex(verifier: Verifier, token: string): number {
    return verifier.issuerOf(this.#workspace, this.#write(token));
  }

  /** The validity of the last verified token, in seconds since 1970. */
  validity(): { from: number; until: number } {
    return { from: this.#workspace.validFrom(), until: this.#workspace.validUntil() };
  }

  #write(token: string): number {
    return this.#encoder.encodeInto(token, this.#input.bytes()).written;
  }

  #read(length: number): string {
    if (length < 0) throw this.#workspace.refusal();
    return this.#decoder.decode(this.#output.bytes().subarray(0, length));
  }
}
