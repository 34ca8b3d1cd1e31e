/** The shapes of a token's two readable parts. */

/** A token's header (RFC 7515 §4). */
export interface Header {
  /** The signature algorithm, such as `"EdDSA"`. */
  alg: string;
  /** The kind of token: `"at+jwt"` for an access token (RFC 9068 §2.1). */
  typ?: string;
  /** The id of the key that signed it. */
  kid?: string;
  [member: string]: unknown;
}

/** The claims of an access token (RFC 7519 §4.1, RFC 9068 §2.2); every time is in seconds since 1970. */
export interface Claims {
  /** Who issued it: the issuer's URL. */
  iss?: string;
  /** Whom it is about: the user's id. */
  sub?: string;
  /** For whom it is meant. */
  aud?: string | string[];
  /** When it runs out. */
  exp?: number;
  /** From when on it is good. */
  nbf?: number;
  /** When it was issued. */
  iat?: number;
  /** Its own id. */
  jti?: string;
  /** The client it was issued to. */
  client_id?: string;
  /** The session it belongs to. */
  sid?: string;
  /** The name that the user signs in with. */
  username?: string;
  /** The user's roles. */
  roles?: string[];
  [claim: string]: unknown;
}

/** A token taken apart. Nothing in it is proved. */
export interface DecodedToken<Extra extends object = object> {
  header: Header;
  claims: Claims & Extra;
}
