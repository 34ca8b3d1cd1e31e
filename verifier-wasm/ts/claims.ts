/** The types of a token's header and claims, before and after verification. */

/**
 * A token's header (RFC 7515 §4).
 *
 * @example { alg: "EdDSA", typ: "at+jwt", kid: "2026-11" }
 */
export interface Header {
  /** The signature algorithm, such as `"EdDSA"`. */
  readonly alg: string;
  /** The kind of token: `"at+jwt"` for an access token (RFC 9068 §2.1). */
  readonly typ?: string;
  /** The id of the key that signed it. */
  readonly kid?: string;
  readonly [member: string]: unknown;
}

/**
 * The claims of an access token (RFC 7519 §4.1, RFC 9068 §2.2); every time is in seconds since 1970.
 *
 * Any claim may be missing. The types are those of the RFCs; the verifier checks `exp`, `nbf`, `iat`, `iss` and `aud`. The option
 * `requiredClaims` requires others to be present, and a `schema` checks their types. Claims are read-only, because with the
 * option `cache` all callers share one frozen object.
 *
 * @example { iss: "https://auth.example.com", sub: "01JD…", aud: "api", exp: 1_790_000_300, sid: "01JD…", username: "exampleUser" }
 */
export interface Claims {
  /** The issuer's URL. */
  readonly iss?: string;
  /** The subject: the user's id. */
  readonly sub?: string;
  /** The audience. */
  readonly aud?: string | readonly string[];
  /** When the token expires. */
  readonly exp?: number;
  /** When the token becomes valid. */
  readonly nbf?: number;
  /** When the token was issued. */
  readonly iat?: number;
  /** The token's id. */
  readonly jti?: string;
  /** The id of the client to which it was issued. */
  readonly client_id?: string;
  /** The id of the session. */
  readonly sid?: string;
  /** The user's name at sign-in. */
  readonly username?: string;
  /** The user's roles. */
  readonly roles?: readonly string[];
  readonly [claim: string]: unknown;
}

/**
 * A decoded token. Nothing in it is verified.
 *
 * @example const { header, claims }: DecodedToken<{ plan: string }> = decode(token);
 */
export interface DecodedToken<Extra extends object = object> {
  readonly header: Header;
  readonly claims: WithClaims<Claims, Extra>;
}

/**
 * The claims of a verified token: `exp` and the claims of the option `requiredClaims` are present. `Extra` are additional claims,
 * from a generic (unchecked) or a `schema` (checked).
 *
 * @example
 * ```ts
 * function greet(claims: VerifiedClaims<{ plan: string }, "sub">) {
 *   const id: string = claims.sub; // without "sub" it would be `string | undefined`
 * }
 * ```
 */
export type VerifiedClaims<Extra extends object = object, Required extends string = never> = WithClaims<
  WithRequired<Claims, "exp" | Named<Required>>,
  Extra
>;

/**
 * Claims with additional ones, which replace those of the same name.
 *
 * @example WithClaims<Claims, { plan: string }>["plan"] // string
 */
export type WithClaims<Known extends object, Extra extends object> = {
  readonly [Name in keyof Known as Name extends keyof Extra ? never : Name]: Known[Name];
} & Frozen<Extra>;

/** Claims of which some are present. */
type WithRequired<Known extends object, Names extends string> = Known & {
  readonly [Name in Names & keyof Known]-?: Exclude<Known[Name], undefined>;
};

/** The names in a union of literals; none for the type `string`. */
type Named<Names extends string> = string extends Names ? never : Names;

/**
 * A deeply read-only value.
 *
 * @example Frozen<{ seats: number[] }> // { readonly seats: readonly number[] }
 */
export type Frozen<Value> = Value extends (...parameters: never[]) => unknown
  ? Value
  : Value extends object
    ? { readonly [Name in keyof Value]: Frozen<Value[Name]> }
    : Value;
