/** A token for the bare signature checks. */

/** The signed bytes and the signature. */
export function cutOut(token) {
  const dot = token.lastIndexOf(".");
  return { message: Buffer.from(token.slice(0, dot)), signature: Buffer.from(token.slice(dot + 1), "base64url") };
}
