/** The bytes that a page or a worker must load: raw, with gzip and with Brotli. */

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { bundleForPage, bundleForServer, bundleForWorker } from "./start/bundle.js";

/** The maximum size of the gzipped wasm module. */
const WASM_LIMIT = 65_536;

const WASM = new URL("../../verifier-wasm/wasm/hallpass.wasm", import.meta.url);

const NEEDS_NODE = "needs Node's crypto: cannot run there";

export async function shippedToVerify() {
  return [
    await row("hallpass, in a page", bundleForPage("hallpass"), { isBaseline: true }),
    await row("in a worker: hallpass with its wasm file", bundleForWorker("hallpass")),
    await row("jose", bundleForPage("jose")),
    await row("aws-jwt-verify", bundleForPage("aws-jwt-verify")),
    { name: "fast-jwt", missing: NEEDS_NODE },
    { name: "jsonwebtoken", missing: NEEDS_NODE },
  ];
}

export async function shippedToRead() {
  return [
    await row("hallpass", bundleForPage("hallpass-reading"), { isBaseline: true }),
    await row("jose (decodeJwt)", bundleForPage("jose-reading")),
    await row("jwt-decode", bundleForPage("jwt-decode-reading")),
  ];
}

/** The bytes that a page loads to sign in, renew and sign out. */
export async function shippedToSignIn() {
  return [
    await row("hallpass/client", bundleForPage("hallpass-client"), { isBaseline: true }),
    await row("@supabase/auth-js", bundleForPage("supabase-auth")),
    await row("@auth0/auth0-spa-js", bundleForPage("auth0-spa")),
    await row("oidc-client-ts", bundleForPage("oidc-client")),
  ];
}

/** The bytes that a library adds to a server in one file. */
export async function addedToServer() {
  const names = ["hallpass", "jose", "aws-jwt-verify", "fast-jwt", "jsonwebtoken"];
  return Promise.all(names.map((name) => row(name, bundleForServer(name))));
}

/** `hallpass/slim` in a page: the script and its wasm file. */
export async function slimInPage() {
  const files = await bundleForPage("hallpass-slim");
  return [await row("hallpass/slim, with its wasm file", [...files, { contents: readFileSync(WASM) }])];
}

export async function wasmAlone() {
  const measured = await row("hallpass.wasm", [{ contents: readFileSync(WASM) }]);
  const verdict = measured.gzip <= WASM_LIMIT ? "within" : "ABOVE";
  return [{ ...measured, notes: [`${verdict} the limit of ${WASM_LIMIT.toLocaleString("en")} bytes gzipped`] }];
}

async function row(name, files, more = {}) {
  const sizes = (await files).map(({ contents }) => ({
    raw: contents.length,
    gzip: gzipSync(contents, { level: 9 }).length,
    brotli: brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
  }));
  const sum = (kind) => sizes.reduce((total, size) => total + size[kind], 0);
  return { name, value: sum("gzip"), raw: sum("raw"), gzip: sum("gzip"), brotli: sum("brotli"), ...more };
}
