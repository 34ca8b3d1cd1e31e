/** The claims of a token as text, for numbers that JavaScript cannot hold. */

import { decode, type ReadOptions } from "./token.js";

/**
 * The claims of a token as the issuer wrote them, JSON text. `JSON.parse` rounds integers above 2^53, such as 64-bit ids; a parser
 * of your choice reads them exactly from this text. Like `decode`, it proves nothing: verify the token first.
 *
 * @throws {@link HallpassError} with the code that says why the text is not a token.
 * @example
 * ```ts
 * await verifier.verify(token);
 * const text = claimsText(token); // '{"sub":"01JD…","tenant":9007199254740993}'
 * ```
 */
export function claimsText(token: string, options: ReadOptions = {}): string {
  // Throws unless the claims are canonical base64url of a JSON object in UTF-8.
  decode(token, options);
  const base64 = token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
