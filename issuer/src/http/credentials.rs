//! What a request brought to say who it is.

use warp::http::{HeaderMap, header};

use super::{
    ApiError,
    cookies::{self, Tokens},
};
use crate::auth::Presented;

/// The credentials of a request, owned.
pub(crate) enum Credentials {
    Bearer(String),
    Cookies(Tokens),
}

impl Credentials {
    /// Reads `Authorization: Bearer` (RFC 6750 §2.1), and the cookies only where there is no such header.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        match bearer(headers)? {
            Some(token) => Ok(Self::Bearer(token)),
            None => cookies::read(headers).map(Self::Cookies),
        }
    }

    pub(crate) fn presented(&self) -> Presented<'_> {
        match self {
            Self::Bearer(token) => Presented::Bearer(token),
            Self::Cookies(tokens) => {
                Presented::Cookies { access: tokens.access.as_deref(), refresh: tokens.refresh.as_deref() }
            }
        }
    }
}

/// The bearer token of a request; a scheme's name knows no case (RFC 9110 §11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ApiError::invalid_request("the header Authorization came twice"));
    }
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::no_credentials());
    }
    Ok(Some(token.trim().to_owned()))
}
