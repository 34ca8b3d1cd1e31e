/** Code that must compile and code that must not, without the types of a page and of Node. */

import {
  createVerifier, decode, expiresIn, HallpassError, isExpired,
  type Claims, type ErrorCode, type KeySnapshot, type StandardSchema, type VerifiedClaims, type Verifier, type VerifierOptions,
} from "hallpass";
import { auth0, clerk, cognito, entra, google, kubernetes, supabase } from "hallpass/issuers";
import type { Equal, True } from "./assert.js";

declare const token: string;
declare const caught: unknown;

const options = { issuer: "https://auth.example.com", audience: "api", jwks: "https://auth.example.com/jwks" } as const;

// Unchecked claims are optional; checked ones are present.
const plain = createVerifier(options);
const claims = await plain.verify(token);
export type Sub = True<Equal<typeof claims.sub, string | undefined>>;
export type Exp = True<Equal<typeof claims.exp, number>>;
export type Unknown = True<Equal<typeof claims.plan, unknown>>;
export type Sync = True<Equal<ReturnType<typeof plain.verifySync>, typeof claims>>;
// @ts-expect-error It may be missing.
claims.sub.length;
// @ts-expect-error Its type is unknown.
claims.plan.length;
// @ts-expect-error Claims are shared, and frozen.
claims.sub = "another user";
// @ts-expect-error Deeply frozen.
claims.roles?.push("admin");

// A required claim is present.
const required = await createVerifier({ ...options, requiredClaims: ["sub", "sid", "plan"] }).verify(token);
export type RequiredSub = True<Equal<typeof required.sub, string>>;
export type RequiredSid = True<Equal<typeof required.sid, string>>;
export type NotRequired = True<Equal<typeof required.iat, number | undefined>>;
export type RequiredPlan = True<Equal<typeof required.plan, unknown>>;

// Additional claims, of the verifier or of the call.
const own = createVerifier<{ plan: "free" | "paid"; limits: { seats: number }[]; sub: string }>(options);
const ownClaims = await own.verify(token);
export type Plan = True<Equal<typeof ownClaims.plan, "free" | "paid">>;
export type OwnSub = True<Equal<typeof ownClaims.sub, string>>;
export type OwnIat = True<Equal<typeof ownClaims.iat, number | undefined>>;
ownClaims.limits[0]?.seats.toFixed();
// @ts-expect-error Deeply frozen.
ownClaims.limits.push({ seats: 1 });
// @ts-expect-error Deeply frozen.
if (ownClaims.limits[0]) ownClaims.limits[0].seats = 2;
// @ts-expect-error There is no such plan.
ownClaims.plan === "trial";
// With a generic nothing is inferred: required claims are typed by it, or listed by its second argument, and cannot be forgotten.
createVerifier<{ plan: string; sub: string }>({ ...options, requiredClaims: ["sub"] });
const named = await createVerifier<{ plan: string }, "sub">({ ...options, requiredClaims: ["sub"] }).verify(token);
export type NamedSub = True<Equal<typeof named.sub, string>>;
export type NamedPlan = True<Equal<typeof named.plan, string>>;
// @ts-expect-error `sid` is not named.
createVerifier<{ plan: string }, "sub">({ ...options, requiredClaims: ["sub", "sid"] });
// @ts-expect-error `sub` is not named.
createVerifier<{ plan: string }>({ ...options, requiredClaims: ["sub"] });
declare const readOptions: VerifierOptions;
createVerifier(readOptions);
const perCall = own.verifySync<{ beta: boolean }>(token);
export type Beta = True<Equal<typeof perCall.beta, boolean>>;
export type StillPlan = True<Equal<typeof perCall.plan, "free" | "paid">>;

// A schema types the claims that it checks, and changes those that it transforms.
declare const schema: StandardSchema<{ plan: "free" | "paid"; exp: Date }>;
const checked = await createVerifier({ ...options, schema, requiredClaims: ["sub"] }).verify(token);
export type CheckedPlan = True<Equal<typeof checked.plan, "free" | "paid">>;
export type CheckedSub = True<Equal<typeof checked.sub, string>>;
checked.exp.toISOString();
// @ts-expect-error No schema.
createVerifier({ ...options, schema: (value: unknown) => value });

// The functions of known issuers return options, to which others can be added.
createVerifier(auth0({ domain: "a.example", audience: "api" }));
createVerifier(google({ clientId: ["a", "b"] }));
createVerifier(supabase({ project: "a", secret: new Uint8Array(32) }));
createVerifier(kubernetes({ issuer: "https://a.example", audience: "api" }));
createVerifier<{ plan: string }>({ ...cognito({ region: "a", userPool: "b", clientId: "c", use: "id" }), cache: true });
const preset = entra({ tenant: "common", audience: "api", version: 1 });
const ofPreset = await createVerifier({ ...preset, requiredClaims: ["sub"], claimValues: { ...preset.claimValues, acr: ["1", "2"], sid: true } }).verify(token);
export type PresetSub = True<Equal<typeof ofPreset.sub, string>>;
// @ts-expect-error `authorizedParties` is missing.
clerk({ domain: "a.example" });
// @ts-expect-error There is no such use.
cognito({ region: "a", userPool: "b", clientId: "c", use: "refresh" });
// @ts-expect-error A claim's value is a text.
createVerifier({ ...preset, claimValues: { level: 1 } });

// Options are required, known, and have the right types.
// @ts-expect-error `audience` is missing.
createVerifier({ issuer: null, jwks: options.jwks });
// @ts-expect-error `issuer` is missing.
createVerifier({ audience: null, jwks: options.jwks });
// An issuer has a source of public keys, a secret, or both.
const nameOnly = { issuer: "https://auth.example.com", audience: "api" } as const;
createVerifier({ ...nameOnly, discovery: true });
createVerifier({ ...nameOnly, discovery: true, allowInsecureJwks: true });
createVerifier({ ...nameOnly, secret: new Uint8Array(32) });
createVerifier({ audience: "api", issuers: [{ issuer: "https://a.example", discovery: true }, { issuer: "https://b.example", jwks: { keys: [] } }] });
// @ts-expect-error There are no keys.
createVerifier(nameOnly);
// @ts-expect-error There are no keys.
createVerifier({ ...nameOnly, discovery: false });
createVerifier({ ...options, secret: new Uint8Array(32) });
createVerifier({ ...nameOnly, discovery: true, secret: new Uint8Array(64), secretAlg: "HS512" });
// @ts-expect-error The algorithm is not for secrets.
createVerifier({ ...nameOnly, secret: new Uint8Array(32), secretAlg: "RS256" });
// @ts-expect-error There are two sources of public keys.
createVerifier({ ...options, discovery: true });
// @ts-expect-error Discovery needs the issuer's URL.
createVerifier({ issuer: null, audience: "api", discovery: true });
// @ts-expect-error One of several issuers has no keys.
createVerifier({ audience: "api", issuers: [{ issuer: "https://a.example" }] });
// @ts-expect-error It is called `leeway`.
createVerifier({ ...options, clockTolerance: 5 });
// @ts-expect-error Seconds, not a text.
createVerifier({ ...options, leeway: "5s" });
// @ts-expect-error Seconds, not a text.
createVerifier({ ...options, maxStale: "1h" });
// @ts-expect-error A function, not a time.
createVerifier({ ...options, now: 1_790_000_000 });
// @ts-expect-error A secret is bytes.
createVerifier({ issuer: null, audience: null, secret: "secret" });
// @ts-expect-error Either one issuer or several.
createVerifier({ audience: null, issuers: [{ issuer: "https://a.example" , audience: "api" }] });
// @ts-expect-error Frozen or fresh.
createVerifier({ ...options, cache: { claims: "shared" } });
createVerifier({ audience: ["a", "b"], issuers: [{ issuer: "https://a.example", jwks: { keys: [] } }], cache: { size: 10, claims: "fresh" } });
const kept: VerifierOptions = { ...options, leeway: 5, typ: null, waitUntil: (promise) => void promise };
export type FromKept = True<Equal<typeof fromKept.sub, string | undefined>>;
const fromKept = createVerifier(kept).verifySync(token);

// Snapshots are exported and imported.
const snapshot: KeySnapshot | undefined = plain.exportKeys();
createVerifier({ ...options, snapshot: snapshot ?? null });
// @ts-expect-error A text must be parsed.
createVerifier({ ...options, snapshot: JSON.stringify(snapshot) });

// Errors are distinguished by their code.
if (caught instanceof HallpassError) {
  export_(caught.message);
  export_<ErrorCode>(caught.code);
  // @ts-expect-error Not every error has a claim.
  export_<string>(caught.claim);
  // @ts-expect-error There is no such code.
  if (caught.code === "ERR_TOKEN_EXPIRD") export_(caught);
  if (caught.code === "ERR_CLAIM_INVALID") {
    export_<string>(caught.claim);
    export_<string>(caught.reason);
  } else {
    export_<undefined>(caught.claim);
  }
  switch (caught.code) {
    case "ERR_KEYS_UNREACHABLE":
      export_<unknown>(caught.cause);
      break;
    case "ERR_CLAIM_INVALID":
      export_<string>(caught.reason);
  }
}
// @ts-expect-error Only this package creates them.
new HallpassError("ERR_TOKEN_EXPIRED", "no");

// Reading.
const { header, claims: read } = decode<{ plan: string }>(token);
export type Alg = True<Equal<typeof header.alg, string>>;
export type ReadExp = True<Equal<typeof read.exp, number | undefined>>;
export type ReadPlan = True<Equal<typeof read.plan, string>>;
isExpired(token, { leeway: 5, now: () => 1_790_000_000 });
expiresIn(token).toFixed();
// @ts-expect-error A token is a string.
decode(undefined);
// @ts-expect-error There is no leeway in what is left.
expiresIn(token, { leeway: 5 });

// A verifier is assignable to a wider type.
export const wider: Verifier = own;
export const known: Claims = ownClaims;
export function greet({ sub, plan }: VerifiedClaims<{ plan: string }, "sub">): string {
  return `${sub.trim()} ${plan.trim()}`;
}
greet(await createVerifier<{ plan: string; sub: string }>(options).verify(token));

declare function export_<Value>(value: Value): void;
