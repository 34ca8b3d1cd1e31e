/**
 * Options for the tokens of known issuers. Each function returns those of `createVerifier` that are correct for its issuer. Add
 * others behind them; an option of the same name replaces the issuer's.
 */

import { HallpassError } from "./error.js";
import type { DiscoveredIssuer, JsonWebKeySet, KeySetIssuer, PolicyOptions, SecretIssuer, UrlObject } from "./options.js";

/** One value or several. */
type OneOrMore = string | readonly string[];

/** The rules of an issuer's tokens. */
type Rules = Pick<PolicyOptions, "audience" | "typ" | "clientId" | "authorizedParties" | "claimValues" | "maxTokenBytes">;

/** The rules and the key set. */
type KeySetRules = Rules & KeySetIssuer;

/**
 * Auth0, access tokens of an API.
 *
 * - `iss` is the domain with a slash, keys at `/.well-known/jwks.json`: https://auth0.com/docs/secure/tokens/access-tokens/validate-access-tokens
 * - `typ` is `JWT`, or `at+jwt` with the RFC 9068 profile: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
 * - An ID token has the client's id as `aud`, so it is refused.
 *
 * @param options.domain - The tenant's domain or custom domain.
 * @param options.audience - The identifier of the API.
 * @example
 * ```ts
 * const verifier = createVerifier({ ...auth0({ domain: "example.eu.auth0.com", audience: "https://api.example.com" }), cache: true });
 * ```
 */
export function auth0({ domain, audience }: { domain: string; audience: OneOrMore }): KeySetRules {
  const issuer = `https://${host("domain", domain)}/`;
  return { issuer, audience: required("audience", audience), jwks: `${issuer}.well-known/jwks.json`, typ: ["at+jwt", "JWT"] };
}

/**
 * Amazon Cognito, access tokens or ID tokens of a user pool.
 *
 * - `iss`, the keys' location and `token_use`: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 * - An access token has `client_id` and no `aud`; an ID token has the client as `aud`. Neither has a `typ`.
 *
 * @param options.userPool - The id of the user pool, such as `"eu-central-1_Ab12Cd34E"`.
 * @param options.clientId - The app client, or several.
 * @param options.use - `"access"` by default.
 * @example
 * ```ts
 * const verifier = createVerifier(cognito({ region: "eu-central-1", userPool: "eu-central-1_Ab12Cd34E", clientId: "1example23456789" }));
 * ```
 */
export function cognito({ region, userPool, clientId, use = "access" }: {
  region: string; userPool: string; clientId: OneOrMore; use?: "access" | "id";
}): KeySetRules {
  if (use !== "access" && use !== "id") throw invalid('`use` must be "access" or "id"');
  const issuer = `https://cognito-idp.${segment("region", region)}.amazonaws.com/${segment("userPool", userPool)}`;
  const client = use === "access" ? { audience: null, clientId: required("clientId", clientId) } : { audience: required("clientId", clientId) };
  return { issuer, ...client, jwks: `${issuer}/.well-known/jwks.json`, typ: null, claimValues: { token_use: use } };
}

/** For issuers that put up to 200 groups, or all roles of a user, into a token. */
const MANY_GROUPS = 16 * 1024;

/** Values of `tenant` that mean any tenant: https://learn.microsoft.com/entra/identity-platform/v2-protocols#endpoints */
const ANY_TENANT = ["common", "organizations"];

/** A tenant's id. Its domain names do not occur in `iss`. */
const TENANT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Microsoft Entra ID, access tokens of an API, version 2 or 1 by its manifest (`requestedAccessTokenVersion`).
 *
 * - `iss` contains the tenant's id; `common` and `organizations` accept all tenants, and bind `iss` to `tid`:
 *   https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
 * - Access tokens name the client as `azp` (version 2) or `appid` (version 1), ID tokens do not:
 *   https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 *
 * @param options.tenant - The tenant's id, or `"organizations"` or `"common"`; then check `tid` against your customers.
 * @param options.audience - The API's client id (version 2), or its identifier URI (version 1).
 * @example
 * ```ts
 * const verifier = createVerifier(entra({ tenant: "organizations", audience: "6731de76-14a6-49ae-97bc-6eba6914391e" }));
 * ```
 */
export function entra({ tenant, audience, version = 2 }: { tenant: string; audience: OneOrMore; version?: 1 | 2 }): KeySetRules {
  if (!ANY_TENANT.includes(tenant) && !TENANT_ID.test(tenant)) {
    throw invalid('`tenant` must be the tenant\'s id in lower case, "organizations" or "common"');
  }
  if (version !== 1 && version !== 2) throw invalid("`version` must be 1 or 2");
  const id = ANY_TENANT.includes(tenant) ? "{tid}" : tenant;
  const keys = `https://login.microsoftonline.com/${tenant}/discovery`;
  const common = { audience: required("audience", audience), typ: "JWT", maxTokenBytes: MANY_GROUPS };
  return version === 2
    ? { ...common, issuer: `https://login.microsoftonline.com/${id}/v2.0`, jwks: `${keys}/v2.0/keys`, claimValues: { azp: true } }
    : { ...common, issuer: `https://sts.windows.net/${id}/`, jwks: `${keys}/keys`, claimValues: { appid: true } };
}

/**
 * Google, ID tokens of Sign in with Google. Google's access tokens are no JWTs.
 *
 * - `iss` has two forms, `aud` is the client: https://developers.google.com/identity/gsi/web/guides/verify-google-id-token
 * - The keys' location is the `jwks_uri` of https://accounts.google.com/.well-known/openid-configuration
 *
 * @example
 * ```ts
 * const verifier = createVerifier(google({ clientId: "1234.apps.googleusercontent.com" }));
 * ```
 */
export function google({ clientId }: { clientId: OneOrMore }): Rules & { readonly issuers: readonly KeySetIssuer[] } {
  const jwks = "https://www.googleapis.com/oauth2/v3/certs";
  const issuers = ["https://accounts.google.com", "accounts.google.com"].map((issuer) => ({ issuer, jwks }));
  return { issuers, audience: required("clientId", clientId), typ: "JWT" };
}

/**
 * Firebase Authentication, ID tokens of a project.
 *
 * - `iss`, `aud`, `sub` and `auth_time`: https://firebase.google.com/docs/auth/admin/verify-id-tokens#verify_id_tokens_using_a_third-party_jwt_library
 * - Session cookies have another issuer, so they are refused.
 *
 * @param options.project - The project's id.
 * @example
 * ```ts
 * const verifier = createVerifier(firebase({ project: "example-app" }));
 * ```
 */
export function firebase({ project }: { project: string }): KeySetRules {
  return {
    issuer: `https://securetoken.google.com/${segment("project", project)}`,
    audience: project,
    jwks: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    typ: "JWT",
    claimValues: { sub: true, auth_time: true },
  };
}

/**
 * Keycloak, access tokens of a realm.
 *
 * - `iss` and the keys' location: https://www.keycloak.org/securing-apps/oidc-layers
 * - The claim `typ` is `Bearer`; ID tokens have `ID`, and refresh tokens `Refresh`: `TokenUtil` of Keycloak.
 * - An audience needs a mapper: https://www.keycloak.org/docs/latest/server_admin/#audience-support
 *
 * @param options.url - The server's URL, with its relative path if it has one.
 * @example
 * ```ts
 * const verifier = createVerifier(keycloak({ url: "https://sso.example.com", realm: "main", audience: "api" }));
 * ```
 */
export function keycloak({ url, realm, audience }: { url: string; realm: string; audience: OneOrMore }): KeySetRules {
  const issuer = `${url.replace(/\/$/, "")}/realms/${encodeURIComponent(realm)}`;
  const jwks = `${issuer}/protocol/openid-connect/certs`;
  return { issuer, audience: required("audience", audience), jwks, typ: "JWT", claimValues: { typ: "Bearer" }, maxTokenBytes: MANY_GROUPS };
}

/**
 * Okta, access tokens of a custom authorization server. Those of the org server are for Okta's own APIs.
 *
 * - `iss`, the keys' location and the claim `cid`: https://developer.okta.com/docs/reference/api/oidc/
 * - An ID token has the client's id as `aud` and no `cid`, so it is refused. Okta sets no `typ`.
 *
 * @param options.server - The id of the authorization server; `"default"` by default.
 * @param options.audience - Its audience; `"api://default"` by default.
 * @example
 * ```ts
 * const verifier = createVerifier(okta({ domain: "example.okta.com" }));
 * ```
 */
export function okta({ domain, server = "default", audience = "api://default" }: { domain: string; server?: string; audience?: OneOrMore }): KeySetRules {
  const issuer = `https://${host("domain", domain)}/oauth2/${segment("server", server)}`;
  return { issuer, audience: required("audience", audience), jwks: `${issuer}/v1/keys`, typ: null, claimValues: { cid: true } };
}

/**
 * Clerk, session tokens.
 *
 * - `iss` is the Frontend API URL; `azp` is the origin of the page: https://clerk.com/docs/backend-requests/manual-jwt
 * - Session tokens have a `sid`; tokens by a custom template have none: https://clerk.com/docs/backend-requests/resources/session-tokens
 *
 * @param options.domain - The host of the Frontend API URL.
 * @param options.authorizedParties - The origins of your pages: a token of another one is refused.
 * @example
 * ```ts
 * const verifier = createVerifier(clerk({ domain: "clerk.example.com", authorizedParties: ["https://example.com"] }));
 * ```
 */
export function clerk({ domain, authorizedParties }: { domain: string; authorizedParties: OneOrMore }): KeySetRules {
  const issuer = `https://${host("domain", domain)}`;
  const parties = required("authorizedParties", authorizedParties);
  return { issuer, audience: null, authorizedParties: parties, jwks: `${issuer}/.well-known/jwks.json`, typ: "JWT", claimValues: { sid: true } };
}

/**
 * Supabase, access tokens of a project.
 *
 * - `iss`, `aud` and the keys' location: https://supabase.com/docs/guides/auth/jwts and https://supabase.com/docs/guides/auth/jwt-fields
 * - API keys in the form of a JWT have the issuer `supabase`, so they are refused.
 *
 * @param options.project - The project's reference, the first label of its URL.
 * @param options.secret - The legacy JWT secret, for a project without asymmetric keys; on servers only. A project that moves to
 * them has both for a while: `{ ...supabase({ project }), secret }`.
 * @example
 * ```ts
 * const verifier = createVerifier(supabase({ project: "abcdefghijklmnopqrst" }));
 * ```
 */
export function supabase({ project, secret }: { project: string; secret?: Uint8Array }): Rules & (KeySetIssuer | SecretIssuer) {
  const issuer = `https://${segment("project", project)}.supabase.co/auth/v1`;
  const rules: Rules & { issuer: string } = { issuer, audience: "authenticated", typ: "JWT", claimValues: { role: "authenticated", session_id: true } };
  return secret === undefined ? { ...rules, jwks: `${issuer}/.well-known/jwks.json` } : { ...rules, secret };
}

/**
 * Cloudflare Access, application tokens (the header `Cf-Access-Jwt-Assertion`).
 *
 * - `iss`, `aud` and the keys' location: https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/
 * - The claim `type` is `app`; the global session token has `org`:
 *   https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token/
 *
 * @param options.team - The team's name.
 * @param options.audience - The application's audience tag.
 * @example
 * ```ts
 * const verifier = createVerifier(cloudflareAccess({ team: "example", audience: "32eafc7626e737136e1d2ea6d1d6c9e0" }));
 * ```
 */
export function cloudflareAccess({ team, audience }: { team: string; audience: OneOrMore }): KeySetRules {
  const issuer = `https://${segment("team", team)}.cloudflareaccess.com`;
  return { issuer, audience: required("audience", audience), jwks: `${issuer}/cdn-cgi/access/certs`, typ: null, claimValues: { type: "app" } };
}

/**
 * GitHub Actions, the OIDC tokens of workflows. Every repository on GitHub gets tokens of this issuer, with any audience.
 *
 * - `iss`, `repository` and the other claims: https://docs.github.com/actions/reference/security/oidc
 * - A name can be used again after its owner gives it up: `claimValues: { repository_id: "…" }` binds the repository itself.
 *
 * @param options.audience - The `audience` that the workflow requests.
 * @param options.repository - The repository, or several: `owner/name`.
 * @example
 * ```ts
 * const verifier = createVerifier(githubActions({ audience: "https://deploy.example.com", repository: "example/app" }));
 * ```
 */
export function githubActions({ audience, repository }: { audience: OneOrMore; repository: OneOrMore }): KeySetRules {
  const issuer = "https://token.actions.githubusercontent.com";
  const claimValues = { repository: required("repository", repository) };
  return { issuer, audience: required("audience", audience), jwks: `${issuer}/.well-known/jwks`, typ: "JWT", claimValues };
}

/**
 * Kubernetes, projected service account tokens.
 *
 * - The issuer is the API server's `--service-account-issuer`; its metadata may need the cluster's CA (option `fetch`):
 *   https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
 * - `sub` and `kubernetes.io`: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/. There is no `typ`.
 *
 * @param options.audience - The `audience` of the projected volume: not that of the API server.
 * @param options.serviceAccount - The account, or several: `namespace:name`; any account of the cluster by default.
 * @param options.jwks - The key set or its URL; by default, it is found by discovery.
 * @example
 * ```ts
 * const verifier = createVerifier(
 *   kubernetes({ issuer: "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE", audience: "vault", serviceAccount: "shop:api" }),
 * );
 * ```
 */
export function kubernetes({ issuer, audience, serviceAccount, jwks }: {
  issuer: string; audience: OneOrMore; serviceAccount?: OneOrMore; jwks?: JsonWebKeySet | UrlObject | string;
}): Rules & (KeySetIssuer | DiscoveredIssuer) {
  const subjects: OneOrMore | true = serviceAccount === undefined ? true : list(serviceAccount).map((account) => `system:serviceaccount:${account}`);
  const claimValues = { "kubernetes.io": true, sub: subjects } as const;
  const rules: Rules & { issuer: string } = { issuer, audience: required("audience", audience), typ: null, claimValues };
  return jwks === undefined ? { ...rules, discovery: true } : { ...rules, jwks };
}

/** A host, with a port perhaps: a URL here would produce another issuer. */
function host(name: string, value: string): string {
  if (/^[\w-]+(?:\.[\w-]+)*(?::\d+)?$/.test(value)) return value.toLowerCase();
  throw invalid(`\`${name}\` must be a host name, without https:// and without a path`);
}

/** A name that becomes a part of a URL. */
function segment(name: string, value: string): string {
  if (typeof value === "string" && /^[\w-]+$/.test(value)) return value;
  throw invalid(`\`${name}\` must be a text of letters, digits, _ and -`);
}

/** A value without which the issuer's tokens for others would be accepted: callers without TypeScript may pass `undefined` or `null`. */
function required(name: string, value: OneOrMore): OneOrMore {
  const values = list(value);
  if (values.length > 0 && values.every((text) => typeof text === "string" && text !== "")) return value;
  throw invalid(`\`${name}\` is required: a string, or an array of strings`);
}

function list(value: OneOrMore): readonly string[] {
  return Array.isArray(value) ? value : [value as string];
}

function invalid(message: string): HallpassError {
  return new HallpassError("ERR_OPTIONS_INVALID", message);
}
