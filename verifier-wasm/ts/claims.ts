/** The shapes of a token's two readable parts, and what is certain of a token that was verified. */

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
 * Any of them may be missing, and their kinds are those of the RFCs, on the issuer's word. The verifier itself checks `exp`,
 * `nbf`, `iat`, `iss` and `aud`; the option `requiredClaims` makes others certain to be there, and a `schema` certain to be
 * what it says. They are read-only, since with the option `cache` all callers share them, frozen.
 *
 * @example { iss: "https://auth.example.com", sub: "01JD…", aud: "api", exp: 1_790_000_300, sid: "01JD…", username: "exampleUser" }
 */
export interface Claims {
  /** Who issued it: the issuer's URL. */
  readonly iss?: string;
  /** Whom it is about: the user's id. */
  readonly sub?: string;
  /** For whom it is meant. */
  readonly aud?: string | readonly string[];
  /** When it runs out. */
  readonly exp?: number;
  /** From when on it is good. */
  readonly nbf?: number;
  /** When it was issued. */
  readonly iat?: number;
  /** Its own id. */
  readonly jti?: string;
  /** The client it was issued to. */
  readonly client_id?: string;
  /** The session it belongs to. */
  readonly sid?: string;
  /** The name that the user signs in with. */
  readonly username?: string;
  /** The user's roles. */
  readonly roles?: readonly string[];
  readonly [claim: string]: unknown;
}

/**
 * A token taken apart. Nothing in it is proved.
 *
 * @example const { header, claims }: DecodedToken<{ plan: string }> = decode(token);
 */
export interface DecodedToken<Extra extends object = object> {
  readonly header: Header;
  readonly claims: WithClaims<Claims, Extra>;
}

/**
 * The claims of a token that was verified: `exp` is there, and so are those that the option `requiredClaims` names. `Extra`
 * are claims of one's own, from a generic (on the issuer's word) or a `schema` (checked).
 *
 * @example
 * ```ts
 * function greet(claims: VerifiedClaims<{ plan: string }, "sub">) {
 *   const who: string = claims.sub; // without "sub" it would be `string | undefined`
 * }
 * ```
 */
export type VerifiedClaims<Extra extends object = object, Required extends string = never> = WithClaims<
  WithCertain<Claims, "exp" | Named<Required>>,
  Extra
>;

/**
 * Claims with more of one's own, which take the place of those of the same name.
 *
 * @example WithClaims<Claims, { plan: string }>["plan"] // string
 */
export type WithClaims<Known extends object, Extra extends object> = {
  readonly [Name in keyof Known as Name extends keyof Extra ? never : Name]: Known[Name];
} & Frozen<Extra>;

/** Claims of which some are certain to be there. */
type WithCertain<Known extends object, Names extends string> = Known & {
  readonly [Name in Names & keyof Known]-?: Exclude<Known[Name], undefined>;
};

/** The names in a union; none where all that is known of them is that they are strings. */
type Named<Names extends string> = string extends Names ? never : Names;

/**
 * A value that nobody may change, to its depth.
 *
 * @example Frozen<{ seats: number[] }> // { readonly seats: readonly number[] }
 */
export type Frozen<Value> = Value extends (...given: never[]) => unknown
  ? Value
  : Value extends object
    ? { readonly [Name in keyof Value]: Frozen<Value[Name]> }
    : Value;
