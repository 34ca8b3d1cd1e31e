/** A token as the bare signature checks take it. */

/** What was signed, and the signature. */
export function cutOut(token) {
  const dot = token.lastIndexOf(".");
  return { message: Buffer.from(token.slice(0, dot)), signature: Buffer.from(token.slice(dot + 1), "base64url") };
}
