/** Checks that a token is a text of limited length, before it is written into wasm memory. */

import { HallpassError } from "./error.js";

/** The maximum length of a token in bytes, and so in characters, by default (`MAX_TOKEN_BYTES` of the crate). */
export const MAX_TOKEN_BYTES = 8 * 1024;

/** The maximum of the option `maxTokenBytes` (`LARGEST_TOKEN_BYTES` of the crate). */
const LARGEST_TOKEN_BYTES = 64 * 1024;

/** Returns the token. Callers without TypeScript may pass `undefined`, for example for a missing cookie. */
export function tokenText(token: unknown, maxTokenBytes: number): string {
  if (typeof token !== "string") throw new HallpassError("ERR_TOKEN_NOT_STRING", "the token is not a string");
  if (token.length <= maxTokenBytes) return token;
  const limits = `the maximum is ${maxTokenBytes} (option \`maxTokenBytes\`)`;
  throw new HallpassError("ERR_TOKEN_TOO_LARGE", `the token is ${token.length} characters long; ${limits}`);
}

/** Reads the option `maxTokenBytes`. */
export function readMaxTokenBytes(value: unknown = MAX_TOKEN_BYTES): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST_TOKEN_BYTES) return value as number;
  throw new HallpassError("ERR_OPTIONS_INVALID", `\`maxTokenBytes\` must be a whole number from 1 to ${LARGEST_TOKEN_BYTES}`);
}
