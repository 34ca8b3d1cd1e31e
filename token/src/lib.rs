//! Decodes, verifies and signs Hallpass access tokens.
//!
//! [`Verifier::verify`] is the only function that returns [`VerifiedClaims`], the type of trusted claims. [`decode`]
//! and [`expires_at`] read a token without verification. With the feature `sign`, `Signer` makes tokens.
//!
//! ```
//! use hallpass_token::{Issuer, KeySet, Policy, UnixSeconds, Verifier};
//!
//! // The issuer publishes this at /.well-known/jwks.json.
//! let keys = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
//! let issuer = Issuer::named("https://auth.example.com", KeySet::from_json(keys)?);
//! let verifier = Verifier::new(Policy::for_audience("api"), issuer);
//!
//! let now = UnixSeconds::new(1_790_000_000)?;
//! match verifier.verify("not.a.token", now) {
//!     Ok(claims) => println!("signed in: {:?}", claims.subject()),
//!     Err(error) => assert_eq!(error.code(), "ERR_BASE64_INVALID"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate has no I/O, no clock and no randomness, except that AWS-LC draws the nonce of an ES256 signature: time
//! and keys are arguments. It never panics on input, because a panic ends a WebAssembly instance.

mod algorithm;
mod base64url;
mod claims;
mod compact;
mod decode;
mod ed25519;
mod error;
mod header;
mod json;
mod key;
mod key_set;
mod mismatch;
mod policy;
#[cfg(feature = "sign")]
mod signer;
mod time;
mod verified;
mod verifier;
#[cfg(test)]
mod wycheproof;

use algorithm::Algorithm;
pub use algorithm::Hash;
pub use compact::{LARGEST_TOKEN_BYTES, MAX_TOKEN_BYTES, Workspace};
pub use decode::{DecodedToken, decode, decode_in, expires_at, expires_at_in};
pub use error::{AlgorithmFault, Part, VerifyError};
pub use key::{MAX_RSA_BITS, MIN_RSA_BITS};
pub use key_set::{KeySet, KeySetError, MAX_KEY_SET_BYTES, MAX_KEYS, SkippedKey};
pub use mismatch::{Excerpt, Mismatch};
pub use policy::{Issuer, Policy};
#[cfg(feature = "sign")]
pub use signer::{
    AccessClaims, CustomClaims, InvalidCustomClaims, InvalidPrivateKey, MAX_CUSTOM_CLAIMS_BYTES, SignError, Signer,
};
pub use time::{TimeOutOfRange, UnixSeconds};
pub use verified::VerifiedClaims;
pub use verifier::{AmbiguousIssuers, Verifier};
#[cfg(feature = "external-signatures")]
pub use verifier::{Begun, PendingToken};
