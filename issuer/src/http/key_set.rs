//! `GET /.well-known/jwks.json`: the public keys that verifiers fetch (RFC 7517 §5).

use std::sync::Arc;

use warp::{http::header, reply::Response};

use super::{ApiError, Head, json, set_header};
use crate::auth::Auth;

/// How long a verifier may go on with a set that it has fetched: a withdrawn key is trusted no longer than this.
const CACHE_CONTROL: &str = "public, max-age=300";

pub(crate) async fn handle(auth: Arc<Auth>, _head: Head) -> Result<Response, ApiError> {
    let mut response = json(&auth.key_set());
    set_header(&mut response, header::CACHE_CONTROL, CACHE_CONTROL);
    Ok(response)
}
