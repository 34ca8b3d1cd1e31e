/** Passes that the edge must refuse, made from a good one. */

import { decode } from "hallpass";
import { runOutPass } from "./pass.js";
import type { forgeries } from "./texts.js";

/** What is sent; nothing where there is none to send yet. No token at all is `none`. */
export type Forged = { token: string | undefined } | undefined;

/** How each is made. */
export const forge: Record<keyof typeof forgeries, (good: string) => Forged | Promise<Forged>> = {
  none: () => ({ token: undefined }),
  tampered: (good) => {
    const [header, claims, signature = ""] = good.split(".");
    // The first character: the last one holds bits that mean nothing.
    return { token: [header, claims, (signature[0] === "A" ? "B" : "A") + signature.slice(1)].join(".") };
  },
  promoted: (good) => {
    const [header, , signature] = good.split(".");
    return { token: [header, written({ ...decode(good).claims, username: "admin", roles: ["admin"] }), signature].join(".") };
  },
  selfSigned: async (good) => {
    const { privateKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair;
    const text = `${written({ ...decode(good).header, kid: "forger" })}.${good.split(".")[1]}`;
    const signature = await crypto.subtle.sign("Ed25519", privateKey, new TextEncoder().encode(text));
    return { token: `${text}.${base64url(new Uint8Array(signature))}` };
  },
  unsigned: (good) => ({ token: `${written({ ...decode(good).header, alg: "none" })}.${good.split(".")[1]}.` }),
  expired: () => {
    const { token } = runOutPass();
    return token === undefined ? undefined : { token };
  },
};

function written(part: object): string {
  return base64url(new TextEncoder().encode(JSON.stringify(part)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
