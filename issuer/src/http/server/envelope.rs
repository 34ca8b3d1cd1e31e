//! The handling that all requests share: a request id, the checks of syntax and origin, a deadline, panics, the one shape
//! of errors, common headers, and the line in the access log.

use std::{convert::Infallible, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use tokio::time;
use tower::{Service, ServiceExt as _};
use warp::{
    http::{HeaderName, HeaderValue, Request, Response, header},
    reply,
};

use super::{
    cors, message,
    origin::{self, Origin},
};
use crate::{
    clock::Stopwatch,
    entropy::random_id,
    foreign_text::for_log,
    http::{
        ApiError,
        cookies::Cookies,
        error::{ErrorBody, Hint, Severity},
        routes::{OTHER, route_of},
    },
    log::ACCESS,
    metrics::HttpMetrics,
};

/// How long a handler may take. The longest wait is that for hashing, at most 20 s.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The route label of a request that is not HTTP, in the metrics.
const UNREADABLE: &str = "unreadable";

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A service of routes, with the handling that all requests share.
#[derive(Clone)]
pub(crate) struct Envelope<S> {
    routes: S,
    cookies: Cookies,
    is_dev: bool,
    own_and_allowed: Arc<[Origin]>,
    metrics: HttpMetrics,
}

impl<S> Envelope<S> {
    /// Wraps `routes`. Pages of `own` and of the `allowed` origins may act for a user. In development (`is_dev`) pages may
    /// reach an issuer on plain http over TLS, such as through a tunnel.
    pub(crate) fn new(routes: S, own: Origin, allowed: &[Origin], is_dev: bool, metrics: HttpMetrics) -> Self {
        let cookies = Cookies::of(&own);
        let own_and_allowed = std::iter::once(own).chain(allowed.iter().cloned()).collect();
        Self { routes, cookies, is_dev, own_and_allowed, metrics }
    }

    /// Handles a request.
    pub(crate) async fn handle<B>(self, request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible>
    where
        S: Service<Request<B>, Response = reply::Response, Error = Infallible>,
    {
        let stopwatch = Stopwatch::start();
        let id = new_id();
        let metrics = self.metrics.clone();
        let method = for_log(request.method().as_str());
        let route = route_of(request.uri().path());
        let path = if route == OTHER { for_log(request.uri().path()) } else { route.to_owned() };
        let allowed_origin = cors::allowed_origin(request.headers(), &self.own_and_allowed);
        let result = self.check_and_route(request).await;
        let failure = result.as_ref().err().and_then(|error| Some((error.severity, for_log(error.cause.as_deref()?))));
        let mut response = result.unwrap_or_else(|error| shape(&error, &id));
        complete(&mut response, &id);
        if let Some(origin) = allowed_origin {
            cors::open(response.headers_mut(), origin);
        }
        let status = response.status().as_u16();
        metrics.request(route, status);
        let micros = stopwatch.elapsed().as_micros();
        match failure {
            Some((Severity::Fault, cause)) => {
                tracing::error!(target: ACCESS, %method, path, status, micros, id, cause, "request");
            }
            Some((Severity::Degraded, cause)) => {
                tracing::warn!(target: ACCESS, %method, path, status, micros, id, cause, "request");
            }
            Some((Severity::Expected, cause)) => {
                tracing::info!(target: ACCESS, %method, path, status, micros, id, cause, "request");
            }
            None => tracing::info!(target: ACCESS, %method, path, status, micros, id, "request"),
        }
        Ok(response)
    }

    /// Responds to a request with a head that hyper cannot parse.
    pub(crate) fn refuse(&self, error: &ApiError, address: IpAddr) -> Response<Full<Bytes>> {
        let id = new_id();
        let status = error.status.as_u16();
        self.metrics.request(UNREADABLE, status);
        let cause = for_log(error.cause.as_deref().unwrap_or(error.code));
        tracing::info!(target: ACCESS, status, %address, id, cause, "request");
        let mut response = shape(error, &id);
        complete(&mut response, &id);
        response
    }

    async fn check_and_route<B>(self, request: Request<B>) -> Result<Response<Full<Bytes>>, ApiError>
    where
        S: Service<Request<B>, Response = reply::Response, Error = Infallible>,
    {
        message::check(&request)?;
        let method = request.method();
        let headers = request.headers();
        if cors::is_preflight(method, headers) {
            return cors::preflight(headers, &self.own_and_allowed);
        }
        origin::check(method, headers, &self.own_and_allowed)?;
        if let (false, Some(own)) = (self.is_dev, self.own_and_allowed.first()) {
            origin::check_issuer(own, headers)?;
        }
        // `CONNECT host:port` and `OPTIONS *` have no path.
        if !request.uri().path().starts_with('/') {
            return Err(ApiError::not_found());
        }
        self.route(request).await
    }

    /// Calls the routes. Their errors arrive in the response's extensions.
    async fn route<B>(self, mut request: Request<B>) -> Result<Response<Full<Bytes>>, ApiError>
    where
        S: Service<Request<B>, Response = reply::Response, Error = Infallible>,
    {
        request.extensions_mut().insert(self.cookies);
        let response = AssertUnwindSafe(self.routes.oneshot(request)).catch_unwind();
        let response = match time::timeout(RESPONSE_TIMEOUT, response).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_panic)) => return Err(ApiError::internal("a handler panicked")),
            Err(_) => return Err(ApiError::unavailable(format!("a handler took more than {RESPONSE_TIMEOUT:?}"))),
        };
        let (mut parts, body) = response.into_parts();
        if let Some(error) = parts.extensions.remove::<ApiError>() {
            return Err(error);
        }
        let body = body.collect().await.map_err(ApiError::internal)?.to_bytes();
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}

fn new_id() -> String {
    random_id().map_or_else(|_| "none".to_owned(), |id| id.to_string())
}

/// The response with an error.
fn shape(error: &ApiError, id: &str) -> Response<Full<Bytes>> {
    let body = ErrorBody { error: error.code, error_description: &error.description, request_id: id };
    // A struct of three strings always serializes. If it did not, the status would still be right.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = error.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    match &error.hint {
        Hint::None => None,
        Hint::Authenticate(challenge) => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)),
        Hint::RetryAfter(seconds) => headers.insert(header::RETRY_AFTER, (*seconds).into()),
        // The methods of a route are valid characters of a header.
        Hint::Allow(methods) => methods.parse().ok().and_then(|methods| headers.insert(header::ALLOW, methods)),
        Hint::Close => headers.insert(header::CONNECTION, HeaderValue::from_static("close")),
    };
    for cookie in &error.cookies {
        headers.append(header::SET_COOKIE, cookie.clone());
    }
    response
}

/// Adds the common headers. A response without `Cache-Control` is per user and must not be cached.
fn complete(response: &mut Response<Full<Bytes>>, id: &str) {
    let headers = response.headers_mut();
    let varies = if headers.contains_key(header::CACHE_CONTROL) {
        // The CORS headers differ by origin.
        "Origin"
    } else {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        "Origin, Cookie, Authorization"
    };
    headers.append(header::VARY, HeaderValue::from_static(varies));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}
