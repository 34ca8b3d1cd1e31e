/** The memory that tokens are written into and claims are read from: one copy each way, past the glue, which makes two. */

import type { Verifier, Workspace } from "../wasm/hallpass.js";

/** Answered instead of a length where WebCrypto must check the signature. */
const NEEDS_WEB_CRYPTO = -2;

/** A place in the module's memory; it never moves, but the buffer around it is another one after the memory has grown. */
class Place {
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
 * Asks the module about one token at a time. Every token is a string that `tokenText` has let through: what is
 * longer would be cut. What is refused is thrown as the module tells it.
 */
export class TokenMemory {
  readonly #workspace: Workspace;
  readonly #input: Place;
  readonly #output: Place;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  constructor(workspace: Workspace, memory: WebAssembly.Memory) {
    this.#workspace = workspace;
    this.#input = new Place(memory, workspace.inputAddress(), workspace.inputBytes());
    this.#output = new Place(memory, workspace.outputAddress(), workspace.outputBytes());
  }

  /** `{"header": …, "claims": …}` as JSON text. */
  decode(token: string): string {
    return this.#read(this.#workspace.decode(this.#write(token)));
  }

  /** In seconds since 1970. */
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
  verifyChecked(verifier: Verifier, token: string, signatureFits: boolean, now: number): string {
    return this.#read(verifier.verifyChecked(this.#workspace, this.#write(token), signatureFits, now));
  }

  /** The place of the issuer whose keys a token needs. */
  issuerOf(verifier: Verifier, token: string): number {
    return verifier.issuerOf(this.#workspace, this.#write(token));
  }

  /** From when until when the last verified token is good, in seconds since 1970. */
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
