//! What every request passes through, whatever its path: an id, the checks of its form and its origin, a deadline, a net
//! under panics, the one shape of errors, the headers that every answer has, and a line in the log.

use std::{convert::Infallible, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
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

/// How long a handler may take. Hashing waits at most its deadline, of 20 seconds at most; nothing else takes one.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// What stands for the route of a request that cannot be read, in the metrics.
const UNREADABLE: &str = "unreadable";

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The routes, wrapped.
#[derive(Clone)]
pub(crate) struct Envelope<S> {
    routes: S,
    cookies: Cookies,
    is_dev: bool,
    own_and_allowed: Arc<[Origin]>,
    metrics: HttpMetrics,
}

impl<S> Envelope<S>
where
    S: Service<Request<Incoming>, Response = reply::Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    /// Wraps `routes`; pages of `own` and of the `allowed` origins may act for a user. In development (`is_dev`) pages may
    /// also come over TLS to an issuer on plain http, through a tunnel say.
    pub(crate) fn new(routes: S, own: Origin, allowed: &[Origin], is_dev: bool, metrics: HttpMetrics) -> Self {
        let cookies = Cookies::of(&own);
        let own_and_allowed = std::iter::once(own).chain(allowed.iter().cloned()).collect();
        Self { routes, cookies, is_dev, own_and_allowed, metrics }
    }

    /// Answers a request.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let stopwatch = Stopwatch::start();
        let id = new_id();
        let metrics = self.metrics.clone();
        let (method, route) = (for_log(request.method().as_str()), route_of(request.uri().path()));
        let path = if route == OTHER { for_log(request.uri().path()) } else { route.to_owned() };
        let asking_page = cors::allowed_origin(request.headers(), &self.own_and_allowed);
        let result = self.check_and_route(request).await;
        let (cause, severity) = match &result {
            Ok(_) => (None, Severity::Expected),
            Err(error) => (error.cause.as_deref().map(for_log), error.severity),
        };
        let mut response = result.unwrap_or_else(|error| shape(&error, &id));
        complete(&mut response, &id);
        if let Some(origin) = asking_page {
            cors::open(response.headers_mut(), origin);
        }
        let (status, micros) = (response.status().as_u16(), stopwatch.elapsed().as_micros());
        metrics.request(route, status);
        match (cause, severity) {
            (Some(cause), Severity::Fault) => {
                tracing::error!(target: ACCESS, %method, path, status, micros, id, cause, "request");
            }
            (Some(cause), Severity::Degraded) => {
                tracing::warn!(target: ACCESS, %method, path, status, micros, id, cause, "request");
            }
            (Some(cause), Severity::Expected) => {
                tracing::info!(target: ACCESS, %method, path, status, micros, id, cause, "request");
            }
            (None, _) => tracing::info!(target: ACCESS, %method, path, status, micros, id, "request"),
        }
        Ok(response)
    }

    /// Answers a request of which hyper could not even read the head.
    pub(crate) fn refuse(&self, error: &ApiError, address: IpAddr) -> Response<Full<Bytes>> {
        let (id, status) = (new_id(), error.status.as_u16());
        self.metrics.request(UNREADABLE, status);
        let cause = for_log(error.cause.as_deref().unwrap_or(error.code));
        tracing::info!(target: ACCESS, status, %address, id, cause, "request");
        let mut response = shape(error, &id);
        complete(&mut response, &id);
        response
    }

    async fn check_and_route(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, ApiError> {
        message::check(&request)?;
        let (method, headers) = (request.method(), request.headers());
        if cors::is_preflight(method, headers) {
            return cors::preflight(headers, &self.own_and_allowed);
        }
        origin::check(method, headers, &self.own_and_allowed)?;
        if let (false, Some(own)) = (self.is_dev, self.own_and_allowed.first()) {
            origin::check_issuer(own, headers)?;
        }
        // `CONNECT host:port` and `OPTIONS *` have no path, and nothing of ours is at such a target.
        if !request.uri().path().starts_with('/') {
            return Err(ApiError::not_found());
        }
        self.route(request).await
    }

    /// Lets the routes answer. Their errors arrive in the response's extensions.
    async fn route(self, mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, ApiError> {
        request.extensions_mut().insert(self.cookies);
        let answered = AssertUnwindSafe(self.routes.oneshot(request)).catch_unwind();
        let response = match time::timeout(RESPONSE_TIMEOUT, answered).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_panic)) => return Err(ApiError::internal("a handler panicked")),
            Err(_) => return Err(ApiError::unavailable("a handler took too long")),
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

/// Gives an error its one shape.
fn shape(error: &ApiError, id: &str) -> Response<Full<Bytes>> {
    let body = ErrorBody { error: error.code, error_description: &error.description, request_id: id };
    // A struct of three texts cannot fail to become JSON; if it did, the status still says what counts.
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

/// Adds what every answer has. Only what says so itself may be kept by caches, and is then the same for everybody.
fn complete(response: &mut Response<Full<Bytes>>, id: &str) {
    let headers = response.headers_mut();
    let varies = if headers.contains_key(header::CACHE_CONTROL) {
        // Which pages may read it differs all the same.
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
