/** What the examples of the documentation find: the package's names, and values of the reader's program. */

declare const createVerifier: typeof import("hallpass").createVerifier;
declare const decode: typeof import("hallpass").decode;
declare const isExpired: typeof import("hallpass").isExpired;
declare const expiresIn: typeof import("hallpass").expiresIn;
declare const claimsText: typeof import("hallpass").claimsText;
declare const cookieNames: typeof import("hallpass").cookieNames;
declare const readCookie: typeof import("hallpass").readCookie;
declare const HallpassError: typeof import("hallpass").HallpassError;
declare const provideModule: typeof import("hallpass/slim").provideModule;
declare const createSession: typeof import("hallpass/client").createSession;
declare const auth0: typeof import("hallpass/issuers").auth0;
declare const clerk: typeof import("hallpass/issuers").clerk;
declare const cloudflareAccess: typeof import("hallpass/issuers").cloudflareAccess;
declare const cognito: typeof import("hallpass/issuers").cognito;
declare const entra: typeof import("hallpass/issuers").entra;
declare const firebase: typeof import("hallpass/issuers").firebase;
declare const githubActions: typeof import("hallpass/issuers").githubActions;
declare const google: typeof import("hallpass/issuers").google;
declare const keycloak: typeof import("hallpass/issuers").keycloak;
declare const kubernetes: typeof import("hallpass/issuers").kubernetes;
declare const okta: typeof import("hallpass/issuers").okta;
declare const supabase: typeof import("hallpass/issuers").supabase;
declare const z: typeof import("zod").z;
type Verifier<Known extends object = VerifiedClaims> = import("hallpass").Verifier<Known>;
type VerifiedClaims<Extra extends object = object, Required extends string = never> = import("hallpass").VerifiedClaims<Extra, Required>;
type StandardSchema<Output> = import("hallpass").StandardSchema<Output>;

declare const verifier: import("hallpass").Verifier;
declare const session: import("hallpass/client").Session;
declare const token: string;
declare const first: string;
declare const second: string;
declare const password: string;
declare const issuer: string;
declare const audience: string;
declare const jwks: string;
declare const error: unknown;
declare const request: import("node:http").IncomingMessage;
declare const ctx: { waitUntil(promise: Promise<unknown>): void };
declare const env: { KV: { put(key: string, value: string): Promise<void> } };
declare function renew(): Promise<void>;
declare function render(user: unknown): void;

declare module "cloudflare:workers" {
  export function waitUntil(promise: Promise<unknown>): void;
}
declare module "hallpass/hallpass.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
