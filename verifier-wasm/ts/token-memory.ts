/** Writes tokens to wasm memory and reads claims from it with one copy each; the generated glue makes two. */

import type { Verifier, Workspace } from "../wasm/hallpass.js";
import { MAX_TOKEN_BYTES } from "./token-text.js";
import { PendingToken, type VerifiedToken } from "./pending-token.js";

/** The module returns this instead of a length if the runtime's crypto must check the signature. */
const NEEDS_SIGNATURE_CHECK = -2;

/** The numbers that describe such a token: three, the indexes of at most four keys, and their end. */
const PENDING_NUMBERS = 8;
const NO_KEY = -1;

/** A range of the module's memory. Its buffer is replaced when the memory grows. */
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
  readonly #memory: WebAssembly.Memory;
  /** The maximum length of a token for which there is room. */
  #units = MAX_TOKEN_BYTES;
  #input: MemoryRange;
  #output: MemoryRange;
  readonly #signature: MemoryRange;
  readonly #pending: MemoryRange;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  constructor(workspace: Workspace, memory: WebAssembly.Memory) {
    this.#workspace = workspace;
    this.#memory = memory;
    this.#input = this.#inputRange();
    this.#output = this.#outputRange();
    this.#signature = new MemoryRange(memory, workspace.signatureAddress(), workspace.signatureBytes());
    this.#pending = new MemoryRange(memory, workspace.pendingAddress(), PENDING_NUMBERS * Int32Array.BYTES_PER_ELEMENT);
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

  /** Verifies a token, up to a signature that the runtime's crypto must check. */
  verify(verifier: Verifier, token: string, now: number): VerifiedToken | PendingToken {
    const length = verifier.verify(this.#workspace, this.#write(token), now);
    return length === NEEDS_SIGNATURE_CHECK ? this.#pendingToken() : this.#verified(length);
  }

  /** The index of the issuer whose keys a token needs. */
  issuerIndex(verifier: Verifier, token: string): number {
    return verifier.issuerOf(this.#workspace, this.#write(token));
  }

  #pendingToken(): PendingToken {
    const { buffer, byteOffset } = this.#pending.bytes();
    const numbers = new Int32Array(buffer, byteOffset, PENDING_NUMBERS);
    const signedBytes = numbers[0];
    const signatureBytes = numbers[1];
    const length = numbers[2]!;
    const keys: number[] = [];
    for (let index = 3; numbers[index] !== NO_KEY; index += 1) keys.push(numbers[index]!);
    const bytes = () => ({
      signed: this.#input.bytes().subarray(0, signedBytes),
      signature: this.#signature.bytes().subarray(0, signatureBytes),
    });
    const outcome = length < 0 ? this.#workspace.refusal() : this.#verified(length);
    return new PendingToken(bytes, keys, outcome);
  }

  #verified(length: number): VerifiedToken {
    const text = this.#read(length);
    return { text, from: this.#workspace.validFrom(), until: this.#workspace.validUntil() };
  }

  #inputRange(): MemoryRange {
    return new MemoryRange(this.#memory, this.#workspace.inputAddress(), this.#workspace.inputBytes());
  }

  #outputRange(): MemoryRange {
    return new MemoryRange(this.#memory, this.#workspace.outputAddress(), this.#workspace.outputBytes());
  }

  #write(token: string): number {
    if (token.length > this.#units) this.#makeRoom(token.length);
    return this.#encoder.encodeInto(token, this.#input.bytes()).written;
  }

  #makeRoom(units: number): void {
    this.#workspace.makeRoom(units);
    this.#units = units;
    this.#input = this.#inputRange();
    this.#output = this.#outputRange();
  }

  #read(length: number): string {
    if (length < 0) throw this.#workspace.refusal();
    return this.#decoder.decode(this.#output.bytes().subarray(0, length));
  }
}
