//! What browsers are told about calls from pages of other origins: exactly the allowed ones, with cookies (Fetch, CORS
//! protocol).

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use warp::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};

use super::{
    envelope::REQUEST_ID,
    origin::{self, Origin, Sent},
};
use crate::http::ApiError;

/// How long a browser may keep what a preflight told it.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_mins(10);

/// The methods of all routes.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");

/// What an answer to a preflight depends on.
const PREFLIGHT_VARY: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

/// Whether a request only asks whether another may be sent.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a preflight. An allowed page may send whatever headers it asks for, those that tracing adds to all its requests
/// too: it is the origin that counts.
pub(super) fn preflight(headers: &HeaderMap, allowed: &[Origin]) -> Result<Response<Full<Bytes>>, ApiError> {
    if allowed_origin(headers, allowed).is_none() {
        return Err(ApiError::csrf_rejected(origin::sent(headers).remedy()));
    }
    let mut response = Response::new(Full::default());
    let answered = response.headers_mut();
    answered.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    answered.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE.as_secs().into());
    answered.insert(header::VARY, PREFLIGHT_VARY);
    for names in headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answered.append(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    Ok(response)
}

/// The origin of the page that sent a request, where it is allowed.
pub(super) fn allowed_origin(headers: &HeaderMap, allowed: &[Origin]) -> Option<HeaderValue> {
    let Sent::One(origin) = origin::sent(headers) else { return None };
    allowed.iter().any(|allowed| allowed.header() == origin).then(|| origin.clone())
}

/// Opens an answer to the scripts of the allowed page that asked.
pub(super) fn open(headers: &mut HeaderMap, origin: HeaderValue) {
    const EXPOSED: [HeaderName; 3] = [header::RETRY_AFTER, header::WWW_AUTHENTICATE, REQUEST_ID];
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    for name in EXPOSED {
        headers.append(header::ACCESS_CONTROL_EXPOSE_HEADERS, name.into());
    }
}
