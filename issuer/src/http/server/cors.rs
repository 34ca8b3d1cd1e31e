//! CORS: the allowed origins, and only these, may call with cookies (Fetch, CORS protocol).

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use warp::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};

use super::{
    envelope::REQUEST_ID,
    origin::{self, Origin, Sent},
};
use crate::http::ApiError;

/// How long a browser may cache a preflight's response.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_mins(10);

/// The methods of all routes.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");

/// What the response to a preflight depends on.
const PREFLIGHT_VARY: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

/// Whether a request is a preflight.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Responds to a preflight. An allowed page may send any header, such as those that tracing adds: only the origin is
/// checked.
pub(super) fn preflight(headers: &HeaderMap, allowed: &[Origin]) -> Result<Response<Full<Bytes>>, ApiError> {
    if allowed_origin(headers, allowed).is_none() {
        return Err(ApiError::csrf_rejected(origin::sent(headers).remedy()));
    }
    let mut response = Response::new(Full::default());
    let allow = response.headers_mut();
    allow.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    allow.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE.as_secs().into());
    allow.insert(header::VARY, PREFLIGHT_VARY);
    for names in headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        allow.append(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    Ok(response)
}

/// The origin of the page that sent a request, if it is allowed.
pub(super) fn allowed_origin(headers: &HeaderMap, allowed: &[Origin]) -> Option<HeaderValue> {
    let Sent::One(origin) = origin::sent(headers) else { return None };
    allowed.iter().any(|allowed| allowed.header() == origin).then(|| origin.clone())
}

/// Lets the scripts of the allowed page read the response.
pub(super) fn open(headers: &mut HeaderMap, origin: HeaderValue) {
    const EXPOSED: [HeaderName; 3] = [header::RETRY_AFTER, header::WWW_AUTHENTICATE, REQUEST_ID];
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    for name in EXPOSED {
        headers.append(header::ACCESS_CONTROL_EXPOSE_HEADERS, name.into());
    }
}
