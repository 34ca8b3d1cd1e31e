//! Extractors for axum: the claims of a token that a [`VerifyLayer`](crate::VerifyLayer) verified.

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{Refusal, VerifiedClaims};

/// The claims of the request's token, deserialized as `T`. Answers 401 without a verified token, or if the claims are
/// not a `T`.
#[derive(Clone, Copy, Debug)]
pub struct Claims<T>(
    /// The claims.
    pub T,
);

/// The claims behind [`VerifyLayer::optional`](crate::VerifyLayer::optional): `None` if the request has no token.
pub type MaybeClaims<T> = Option<Claims<T>>;

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        read(parts).ok_or(Refusal::NoToken)?
    }
}

impl<S: Sync, T: DeserializeOwned> OptionalFromRequestParts<S> for Claims<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refusal> {
        read(parts).transpose()
    }
}

fn read<T: DeserializeOwned>(parts: &Parts) -> Option<Result<Claims<T>, Refusal>> {
    let claims = parts.extensions.get::<VerifiedClaims<'static>>()?;
    let read = serde_json::from_str(claims.json()).map(Claims);
    Some(read.map_err(|error| Refusal::UnexpectedClaims(error.to_string())))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.respond()
    }
}
