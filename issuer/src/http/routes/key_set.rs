//! `GET /.well-known/jwks.json`: the public keys that verifiers fetch (RFC 7517 §5).

use std::sync::Arc;

use warp::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    reply::Response,
};

use crate::auth::{Auth, KeySet};
use crate::http::{ApiError, server::head::Head, set_header};

pub(crate) async fn handle(auth: Arc<Auth>, head: Head) -> Result<Response, ApiError> {
    let key_set = auth.key_set().await?;
    let mut response = if is_current(&key_set, &head.headers) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let mut response = Response::new(key_set.json().to_owned().into());
        set_header(&mut response, header::CONTENT_TYPE, "application/json");
        response
    };
    // How long a verifier may use a fetched key set, and so how long it trusts a revoked key.
    let cache_control = format!("public, max-age={}", key_set.max_age);
    for (name, value) in [(header::CACHE_CONTROL, cache_control.as_str()), (header::ETAG, key_set.etag())] {
        response.headers_mut().insert(name, HeaderValue::from_str(value).map_err(ApiError::internal)?);
    }
    Ok(response)
}

/// Whether the client's copy is current (RFC 9110 §13.1.2).
fn is_current(key_set: &KeySet, headers: &HeaderMap) -> bool {
    let sent = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|list| list.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == key_set.etag())
}
