/** `hallpass/issuers` with tokens and key sets in the form of each issuer: good ones, and those of others that must be refused. */

import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createVerifier } from "hallpass";
import * as issuers from "hallpass/issuers";
import {
  auth0, clerk, cloudflareAccess, cognito, entra, firebase, githubActions, google, keycloak, kubernetes, okta, supabase,
} from "hallpass/issuers";

const now = Math.floor(Date.now() / 1000);
const KID = "issuer-key-1";
const SECRET = new Uint8Array(randomBytes(40));

/** A key as an issuer publishes it; `token` signs any header and claims. */
function keyOf(type, options, jwk, signature) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  return {
    jwk: { ...publicKey.export({ format: "jwk" }), kid: KID, use: "sig", ...jwk },
    token: (header, claims) => compact({ alg: jwk.alg, kid: KID, ...header }, claims, (input) => signature(input, privateKey)),
  };
}

function compact(header, claims, signature) {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${signature(Buffer.from(input)).toString("base64url")}`;
}

const rsa = keyOf("rsa", { modulusLength: 2048 }, { alg: "RS256" }, (input, key) => sign("sha256", input, key));
const ec = keyOf("ec", { namedCurve: "P-256" }, { alg: "ES256" }, (input, key) => sign("sha256", input, { key, dsaEncoding: "ieee-p1363" }));
const hmac = { token: (header, claims) => compact({ alg: "HS256", ...header }, claims, (input) => createHmac("sha256", SECRET).update(input).digest()) };

const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const OTHER_TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const API = "6731de76-14a6-49ae-97bc-6eba6914391e";
const COGNITO = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E";
const EKS = "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF";

/** Entra's claims of an access token. */
const entraClaims = (tenant) => ({
  aud: API, iss: `https://login.microsoftonline.com/${tenant}/v2.0`, azp: "00001111-aaaa-2222-bbbb-3333cccc4444", azpacr: "1",
  oid: "u", scp: "access_as_user", sub: "AbC", tid: tenant, ver: "2.0",
});

/**
 * Each case: the options, the documents that are served, a good token, and hostile tokens as changes with the claim that refuses
 * them. A change to `undefined` removes a claim.
 */
const CASES = {
  "auth0": {
    options: auth0({ domain: "example.eu.auth0.com", audience: "https://api.example.com" }),
    keys: "https://example.eu.auth0.com/.well-known/jwks.json",
    header: { typ: "JWT" },
    claims: {
      iss: "https://example.eu.auth0.com/", sub: "auth0|123456", aud: ["https://api.example.com", "https://example.eu.auth0.com/userinfo"],
      azp: "my_client_id", scope: "openid profile read:admin",
    },
    alsoGood: [{ header: { typ: "at+jwt" }, claims: { aud: "https://api.example.com", client_id: "my_client_id", azp: undefined } }],
    hostile: {
      "another tenant's": [{ iss: "https://other.eu.auth0.com/" }, "iss"],
      "the tenant without its slash": [{ iss: "https://example.eu.auth0.com" }, "iss"],
      "another API's": [{ aud: "https://other.example.com" }, "aud"],
      "an ID token": [{ aud: "my_client_id", nonce: "n", azp: undefined, scope: undefined }, "aud"],
    },
  },
  "cognito, access": {
    options: cognito({ region: "eu-central-1", userPool: "eu-central-1_Ab12Cd34E", clientId: "1example23456789" }),
    keys: `${COGNITO}/.well-known/jwks.json`,
    claims: {
      sub: "aaaaaaaa-bbbb", iss: COGNITO, version: 2, client_id: "1example23456789", origin_jti: "o", event_id: "e",
      token_use: "access", scope: "phone openid", username: "exampleUser", "cognito:groups": ["members"],
    },
    hostile: {
      "another user pool's": [{ iss: COGNITO.replace("Ab12", "Zz99") }, "iss"],
      "another client's": [{ client_id: "otherclient" }, "client_id"],
      "without a client": [{ client_id: undefined }, "azp"],
      "an ID token": [{ client_id: undefined, aud: "1example23456789", token_use: "id" }, "azp"],
      "an ID token with a client_id": [{ token_use: "id" }, "token_use"],
    },
  },
  "cognito, id": {
    options: cognito({ region: "eu-central-1", userPool: "eu-central-1_Ab12Cd34E", clientId: ["1example23456789", "b"], use: "id" }),
    keys: `${COGNITO}/.well-known/jwks.json`,
    claims: { sub: "aaaaaaaa-bbbb", iss: COGNITO, aud: "1example23456789", token_use: "id", "cognito:username": "exampleUser" },
    hostile: {
      "another client's": [{ aud: "otherclient" }, "aud"],
      "an access token": [{ aud: undefined, client_id: "1example23456789", token_use: "access" }, "aud"],
      "an access token with an aud": [{ token_use: "access" }, "token_use"],
    },
  },
  "entra, one tenant": {
    options: entra({ tenant: TENANT, audience: API }),
    keys: `https://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`,
    jwk: { issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`, x5t: KID, x5c: ["MIIC/TCCAeWg"] },
    header: { typ: "JWT" },
    claims: entraClaims(TENANT),
    hostile: {
      "another tenant's": [entraClaims(OTHER_TENANT), "iss"],
      "another API's": [{ aud: "00000003-0000-0000-c000-000000000000" }, "aud"],
      "version 1's": [{ iss: `https://sts.windows.net/${TENANT}/` }, "iss"],
      "an ID token of the same application": [{ azp: undefined, azpacr: undefined, scp: undefined, nonce: "n" }, "azp"],
    },
  },
  "entra, all tenants": {
    options: entra({ tenant: "organizations", audience: API }),
    keys: "https://login.microsoftonline.com/organizations/discovery/v2.0/keys",
    jwk: { issuer: "https://login.microsoftonline.com/{tenantid}/v2.0" },
    header: { typ: "JWT" },
    claims: entraClaims(TENANT),
    alsoGood: [{ claims: entraClaims(OTHER_TENANT) }],
    hostile: {
      "an iss of a tenant other than tid": [{ tid: OTHER_TENANT }, "iss"],
      "without tid": [{ tid: undefined }, "tid"],
      "with the template itself": [{ iss: "https://login.microsoftonline.com/{tid}/v2.0", tid: "{tid}" }, "tid"],
      "with a tid that changes the path": [{ iss: "https://login.microsoftonline.com/a/b/v2.0", tid: "a/b" }, "tid"],
      "with a list as tid": [{ tid: [TENANT] }, "tid"],
      "of another host": [{ iss: `https://login.evil.example/${TENANT}/v2.0` }, "iss"],
      "an ID token": [{ azp: undefined }, "azp"],
    },
  },
  "entra, version 1": {
    options: entra({ tenant: TENANT, audience: `api://${API}`, version: 1 }),
    keys: `https://login.microsoftonline.com/${TENANT}/discovery/keys`,
    header: { typ: "JWT" },
    claims: { aud: `api://${API}`, iss: `https://sts.windows.net/${TENANT}/`, appid: "a", tid: TENANT, ver: "1.0" },
    hostile: { "another tenant's": [{ iss: `https://sts.windows.net/${OTHER_TENANT}/` }, "iss"], "an ID token": [{ appid: undefined }, "appid"] },
  },
  "google": {
    options: google({ clientId: "1234.apps.googleusercontent.com" }),
    keys: "https://www.googleapis.com/oauth2/v3/certs",
    header: { typ: "JWT" },
    claims: {
      iss: "https://accounts.google.com", azp: "1234.apps.googleusercontent.com", aud: "1234.apps.googleusercontent.com", sub: "3141592653589793238",
      hd: "example.com", email: "elisa@example.com", email_verified: true,
    },
    alsoGood: [{ claims: { iss: "accounts.google.com" } }],
    hostile: {
      "another client's": [{ aud: "666.apps.googleusercontent.com", azp: "666.apps.googleusercontent.com" }, "aud"],
      "another issuer's": [{ iss: "https://accounts.google.com.evil.example" }, "iss"],
      "a service account's": [{ iss: "robot@example.iam.gserviceaccount.com" }, "iss"],
    },
  },
  "firebase": {
    options: firebase({ project: "example-app" }),
    keys: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    header: { typ: "JWT" },
    claims: {
      iss: "https://securetoken.google.com/example-app", aud: "example-app", auth_time: now - 60, user_id: "u", sub: "u",
      firebase: { identities: {}, sign_in_provider: "anonymous" },
    },
    hostile: {
      "another project's": [{ iss: "https://securetoken.google.com/other", aud: "other" }, "iss"],
      "a session cookie": [{ iss: "https://session.firebase.google.com/example-app" }, "iss"],
      "another project's audience": [{ aud: "other" }, "aud"],
      "a custom token, without auth_time": [{ auth_time: undefined }, "auth_time"],
    },
  },
  "keycloak": {
    options: keycloak({ url: "https://sso.example.com/", realm: "main", audience: "api" }),
    keys: "https://sso.example.com/realms/main/protocol/openid-connect/certs",
    otherKeys: [{ kty: "RSA", kid: "enc", use: "enc", alg: "RSA-OAEP", n: rsa.jwk.n, e: rsa.jwk.e }],
    header: { typ: "JWT" },
    claims: {
      iss: "https://sso.example.com/realms/main", aud: ["api", "account"], sub: "u", typ: "Bearer", azp: "spa", sid: "s",
      realm_access: { roles: ["user"] }, scope: "openid",
    },
    hostile: {
      "another realm's": [{ iss: "https://sso.example.com/realms/other" }, "iss"],
      "without the API's audience": [{ aud: "account" }, "aud"],
      "an ID token": [{ typ: "ID", aud: "spa" }, "aud"],
      "an ID token for this audience": [{ typ: "ID", aud: "api" }, "typ"],
      "a refresh token": [{ typ: "Refresh" }, "typ"],
    },
  },
  "okta": {
    options: okta({ domain: "example.okta.com" }),
    keys: "https://example.okta.com/oauth2/default/v1/keys",
    claims: {
      ver: 1, iss: "https://example.okta.com/oauth2/default", aud: "api://default", cid: "0oa1", uid: "00u1", scp: ["openid"], sub: "u@example.com",
    },
    hostile: {
      "another org's": [{ iss: "https://other.okta.com/oauth2/default" }, "iss"],
      "another server's": [{ iss: "https://example.okta.com/oauth2/aus1" }, "iss"],
      "another API's": [{ aud: "api://other" }, "aud"],
      "an ID token": [{ aud: "0oa1", cid: undefined }, "aud"],
      "an ID token for this audience": [{ cid: undefined }, "cid"],
    },
  },
  "clerk": {
    options: clerk({ domain: "clerk.example.com", authorizedParties: ["https://example.com", "http://localhost:3000"] }),
    keys: "https://clerk.example.com/.well-known/jwks.json",
    header: { typ: "JWT", cat: "cl_B7d4PD111AAA" },
    claims: { azp: "https://example.com", iss: "https://clerk.example.com", sub: "user_1", sid: "sess_1", sts: "active", v: 2 },
    alsoGood: [{ claims: { azp: "http://localhost:3000" } }],
    hostile: {
      "another application's": [{ iss: "https://clerk.other.example" }, "iss"],
      "another page's": [{ azp: "https://evil.example.com" }, "azp"],
      "without a page": [{ azp: undefined }, "azp"],
      "by a custom template": [{ sid: undefined }, "sid"],
    },
  },
  "supabase": {
    options: supabase({ project: "abcdefghijklmnopqrst" }),
    keys: "https://abcdefghijklmnopqrst.supabase.co/auth/v1/.well-known/jwks.json",
    key: ec,
    header: { typ: "JWT" },
    claims: {
      iss: "https://abcdefghijklmnopqrst.supabase.co/auth/v1", aud: "authenticated", role: "authenticated", sub: "u", session_id: "s", aal: "aal1",
      is_anonymous: false,
    },
    hostile: {
      "another project's": [{ iss: "https://zzz.supabase.co/auth/v1" }, "iss"],
      "the anon API key": [{ iss: "supabase", ref: "abcdefghijklmnopqrst", role: "anon", aud: undefined }, "iss"],
      "the service role": [{ role: "service_role" }, "role"],
      "without a session": [{ session_id: undefined }, "session_id"],
    },
  },
  "supabase, with its legacy secret": {
    options: supabase({ project: "abcdefghijklmnopqrst", secret: SECRET }),
    key: hmac,
    header: { typ: "JWT" },
    claims: { iss: "https://abcdefghijklmnopqrst.supabase.co/auth/v1", aud: "authenticated", role: "authenticated", sub: "u", session_id: "s" },
    hostile: { "the anon API key": [{ iss: "supabase", role: "anon", aud: undefined }, "iss"] },
  },
  "cloudflareAccess": {
    options: cloudflareAccess({ team: "example", audience: "32eafc7626e737136e1d2ea6d1d6c9e0" }),
    keys: "https://example.cloudflareaccess.com/cdn-cgi/access/certs",
    claims: { aud: ["32eafc7626e737136e1d2ea6d1d6c9e0"], email: "u@example.com", iss: "https://example.cloudflareaccess.com", type: "app", sub: "u", country: "US" },
    hostile: {
      "another team's": [{ iss: "https://other.cloudflareaccess.com" }, "iss"],
      "another application's": [{ aud: ["ffff7626e737136e1d2ea6d1d6c9e0"] }, "aud"],
      "the global session's": [{ type: "org" }, "type"],
    },
  },
  "githubActions": {
    options: githubActions({ audience: "https://deploy.example.com", repository: "example/app" }),
    keys: "https://token.actions.githubusercontent.com/.well-known/jwks",
    header: { typ: "JWT", x5t: KID },
    claims: {
      iss: "https://token.actions.githubusercontent.com", aud: "https://deploy.example.com", sub: "repo:example/app:ref:refs/heads/main",
      repository: "example/app", repository_id: "74", repository_owner: "example", ref: "refs/heads/main", event_name: "push",
    },
    hostile: {
      "another repository's": [{ repository: "evil/app", sub: "repo:evil/app:ref:refs/heads/main" }, "repository"],
      "a repository whose name begins the same": [{ repository: "example/app-2" }, "repository"],
      "the default audience's": [{ aud: "https://github.com/example" }, "aud"],
      "of a GitHub Enterprise server": [{ iss: "https://github.example/_services/token" }, "iss"],
    },
  },
  "kubernetes": {
    options: kubernetes({ issuer: EKS, audience: "vault", serviceAccount: ["shop:api", "shop:worker"] }),
    keys: `${EKS}/keys`,
    metadata: { [`${EKS}/.well-known/openid-configuration`]: { issuer: EKS, jwks_uri: `${EKS}/keys`, response_types_supported: ["id_token"] } },
    claims: {
      aud: ["vault"], iss: EKS, sub: "system:serviceaccount:shop:api",
      "kubernetes.io": { namespace: "shop", pod: { name: "api-1", uid: "p" }, serviceaccount: { name: "api", uid: "s" } },
    },
    alsoGood: [{ claims: { sub: "system:serviceaccount:shop:worker" } }],
    hostile: {
      "another cluster's": [{ iss: EKS.replace("0123", "9999") }, "iss"],
      "for the API server": [{ aud: ["https://kubernetes.default.svc"] }, "aud"],
      "another account's": [{ sub: "system:serviceaccount:evil:api" }, "sub"],
      "of no service account": [{ "kubernetes.io": undefined }, "kubernetes.io"],
    },
  },
};

for (const [name, { options, keys, metadata = {}, key = rsa, jwk, otherKeys = [], header = {}, claims, alsoGood = [], hostile }] of Object.entries(CASES)) {
  const documents = { ...metadata, [keys]: { keys: [...otherKeys, { ...key.jwk, ...jwk }] } };
  const fetch = async (url) => (documents[url] === undefined ? new Response("", { status: 404 }) : Response.json(documents[url]));
  const whole = (changes = {}) => ({ iat: now, nbf: now, exp: now + 300, jti: "j", ...claims, ...changes });
  const verifierOf = () => createVerifier({ ...options, fetch });

  test(`${name}: the issuer's tokens are accepted, and the keys are fetched from its location`, async () => {
    const verifier = verifierOf();
    for (const good of [{}, ...alsoGood]) {
      const { sub } = await verifier.verify(key.token({ ...header, ...good.header }, whole(good.claims)));
      assert.equal(sub, whole(good.claims).sub);
    }
  });

  for (const [what, [changes, claim]] of Object.entries(hostile)) {
    test(`${name}: refused: ${what}`, async () => {
      await assert.rejects(verifierOf().verify(key.token(header, whole(changes))), (error) => {
        assert.deepEqual([error.code, error.claim], ["ERR_CLAIM_INVALID", claim], error.message);
        return true;
      });
    });
  }

  test(`${name}: refused: a token of another key, of another algorithm, or expired`, async () => {
    const stranger = keyOf("rsa", { modulusLength: 2048 }, { alg: "RS256" }, (input, other) => sign("sha256", input, other));
    const verifier = verifierOf();
    const codes = [];
    for (const token of [
      stranger.token(header, whole()),
      compact({ alg: "none", kid: KID, ...header }, whole(), () => Buffer.alloc(0)),
      key.token(header, whole({ exp: now - 1 })),
    ]) await verifier.verify(token).catch(({ code }) => codes.push(code));
    assert.equal(codes.length, 3);
    assert.equal(codes[2], "ERR_TOKEN_EXPIRED");
  });
}

test("the documentation counts these tokens, and its table has every issuer", () => {
  const page = readFileSync(new URL("../../../docs/npm/issuers.md", import.meta.url), "utf8");
  const cases = Object.values(CASES);
  const [good, hostile] = [cases.map(({ alsoGood = [] }) => 1 + alsoGood.length), cases.map(({ hostile }) => Object.keys(hostile).length)]
    .map((counts) => counts.reduce((sum, count) => sum + count));
  assert.deepEqual(page.match(/(\d+) good ones, and (\d+) of other [^.]*?(\d+) more/).slice(1).map(Number), [good, hostile, 3 * cases.length]);
  const names = [...page.matchAll(/^\| [^|]+ \| `(\w+)\(/gm)].map(([, name]) => name);
  assert.deepEqual(names.sort(), Object.keys(issuers).sort());
});

test("an argument that would name another issuer, or accept other clients' tokens, is refused by its name", () => {
  const refused = {
    domain: [() => auth0({ domain: "https://example.auth0.com", audience: "a" }), () => okta({ domain: "example.okta.com/x" }), () => clerk({ domain: "", authorizedParties: "x" })],
    audience: [
      () => auth0({ domain: "a.example" }), () => entra({ tenant: TENANT, audience: null }), () => keycloak({ url: "https://a.example", realm: "a" }),
      () => cloudflareAccess({ team: "a", audience: [] }), () => githubActions({ repository: "a/b" }), () => kubernetes({ issuer: EKS }), () => okta({ domain: "a.example", audience: null }),
    ],
    clientId: [() => cognito({ region: "a", userPool: "b" }), () => cognito({ region: "a", userPool: "b", use: "id" }), () => google({}), () => google({ clientId: [undefined] })],
    region: [() => cognito({ region: "evil.example/", userPool: "b", clientId: "c" })],
    use: [() => cognito({ region: "a", userPool: "b", clientId: "c", use: "refresh" })],
    tenant: [() => entra({ tenant: "contoso.onmicrosoft.com", audience: API }), () => entra({ tenant: TENANT.toUpperCase(), audience: API })],
    version: [() => entra({ tenant: TENANT, audience: API, version: "2" })],
    project: [() => firebase({ project: "a/b" }), () => supabase({ project: "a.b" }), () => supabase({})],
    team: [() => cloudflareAccess({ team: "a.cloudflareaccess.com", audience: "a" })],
    repository: [() => githubActions({ audience: "a" })],
    authorizedParties: [() => clerk({ domain: "a.example" })],
  };
  for (const [name, calls] of Object.entries(refused)) {
    for (const call of calls) assert.throws(call, (error) => error.code === "ERR_OPTIONS_INVALID" && error.message.includes(`\`${name}\``), `${name}: ${call}`);
  }
});

test("further options are added, and the issuer's rules stay", async () => {
  const { options, keys, claims } = CASES.okta;
  const fetch = async (url) => (url === keys ? Response.json({ keys: [rsa.jwk] }) : new Response("", { status: 404 }));
  const verifier = createVerifier({ ...options, fetch, requiredClaims: ["uid"], cache: true, leeway: 5 });
  const token = rsa.token({}, { ...claims, iat: now, exp: now + 60 });
  assert.equal(await verifier.verify(token), await verifier.verify(token));
  await assert.rejects(verifier.verify(rsa.token({}, { ...claims, exp: now + 60, cid: undefined })), { claim: "cid" });
});
