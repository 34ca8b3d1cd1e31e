//! Verifies access tokens in front of a Rust service.
//!
//! [`VerifyLayer`] verifies the bearer token of each request. It inserts the [`VerifiedClaims`] into the request's
//! extensions, or answers 401 (RFC 6750 §3). It fetches the issuer's keys and caches them: see [`RemoteKeys`]. With the
//! feature `axum`, handlers use the extractors `Claims` and `MaybeClaims`.
//!
//! ```
//! use bytes::Bytes;
//! use hallpass_verifier_tower::{Policy, RemoteKeys, TokenVerifier, VerifiedClaims, VerifyLayer};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{Layer, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = RemoteKeys::new("https://auth.example.com/.well-known/jwks.json")?;
//! let verifier = TokenVerifier::new("https://auth.example.com", Policy::for_audience("api"), keys);
//!
//! let service = tower::service_fn(async |request: Request<String>| {
//!     let claims = request.extensions().get::<VerifiedClaims<'static>>();
//!     let greeting = format!("hello {:?}", claims.and_then(VerifiedClaims::subject));
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(greeting))))
//! });
//! let service = VerifyLayer::new(verifier).layer(service);
//!
//! let response = service.oneshot(Request::new(String::new())).await?;
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["www-authenticate"], "Bearer");
//! # Ok(())
//! # }
//! ```

mod bearer;
mod clock;
#[cfg(feature = "axum")]
mod extract;
mod keys;
mod layer;
mod refusal;
mod verifier;

#[cfg(feature = "axum")]
pub use extract::{Claims, MaybeClaims};
pub use hallpass_token::{KeySet, KeySetError, Policy, SkippedKey, UnixSeconds, VerifiedClaims, VerifyError};
pub use keys::{InvalidKeysUrl, KeysUnreachable, RemoteKeys};
pub use layer::{VerifyLayer, VerifyService};
pub use refusal::Refusal;
pub use verifier::TokenVerifier;
