/** Forges passes from a valid one; the edge must refuse them. */

import { decode } from "hallpass";
import { expiredPass } from "./pass.js";
import type { forgeries } from "./texts.js";

/** A forged pass; `undefined` if there is none yet. The kind `none` has no token. */
export type Forged = { token: string | undefined } | undefined;

/** Creates each kind. */
export const forge: Record<keyof typeof forgeries, (valid: string) => Forged | Promise<Forged>> = {
  none: () => ({ token: undefined }),
  tampered: (valid) => {
    const [header, claims, signature = ""] = valid.split(".");
    // The first character: some bits of the last one are unused.
    return { token: [header, claims, (signature[0] === "A" ? "B" : "A") + signature.slice(1)].join(".") };
  },
  promoted: (valid) => {
    const [header, , signature] = valid.split(".");
    return { token: [header, written({ ...decode(valid).claims, username: "admin", roles: ["admin"] }), signature].join(".") };
  },
  selfSigned: async (valid) => {
    const { privateKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair;
    const text = `${written({ ...decode(valid).header, kid: "forger" })}.${valid.split(".")[1]}`;
    const signature = await crypto.subtle.sign("Ed25519", privateKey, new TextEncoder().encode(text));
    return { token: `${text}.${base64url(new Uint8Array(signature))}` };
  },
  unsigned: (valid) => ({ token: `${written({ ...decode(valid).header, alg: "none" })}.${valid.split(".")[1]}.` }),
  expired: () => {
    const { token } = expiredPass();
    return token === undefined ? undefined : { token };
  },
};

function written(part: object): string {
  return base64url(new TextEncoder().encode(JSON.stringify(part)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
