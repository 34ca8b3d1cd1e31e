//! The routes: one table of paths, methods and handlers. Each handler file has the same parts in the same order: its request,
//! its response, and a function that parses, calls the use case and responds.

use std::sync::Arc;

use futures_util::{FutureExt as _, Stream, future::BoxFuture};
use warp::{
    Buf, Filter,
    filters::{BoxedFilter, path::FullPath},
    http::Method,
    reply::Response,
};

use super::{
    ApiError,
    server::{
        body::{self, Body},
        head::Head,
    },
};
use crate::auth::Auth;

pub(crate) mod admin;
mod health;
mod key_set;
mod login;
mod logout;
mod me;
mod password;
mod ready;
mod refresh;
mod register;
mod sessions;

/// The future of a handler's response.
type Handling = BoxFuture<'static, Result<Response, ApiError>>;

/// A function that handles requests, by the parts of the request that it takes.
#[derive(Clone, Copy)]
enum Handler {
    /// The head.
    Head(fn(Arc<Auth>, Head) -> Handling),
    /// The head, and a body that is JSON or empty.
    Body(fn(Arc<Auth>, Head, Body) -> Handling),
    /// The head, and the path's last segment.
    Segment(fn(Arc<Auth>, Head, String) -> Handling),
}

struct Route {
    /// The path; a final `{id}` matches any segment.
    path: &'static str,
    method: Method,
    handler: Handler,
}

/// Each path with its methods and handlers. A handler of GET handles HEAD, too.
static ROUTES: [Route; 12] = [
    post("/login", |auth, head, body| login::handle(auth, head, body).boxed()),
    post("/refresh", |auth, head, body| refresh::handle(auth, head, body).boxed()),
    post("/logout", |auth, head, body| logout::handle(auth, head, body).boxed()),
    post("/register", |auth, head, body| register::handle(auth, head, body).boxed()),
    post("/password", |auth, head, body| password::handle(auth, head, body).boxed()),
    get("/me", |auth, head| me::handle(auth, head).boxed()),
    get("/sessions", |auth, head| sessions::list(auth, head).boxed()),
    route("/sessions", Method::DELETE, Handler::Head(|auth, head| sessions::end_all(auth, head).boxed())),
    route(
        "/sessions/{id}",
        Method::DELETE,
        Handler::Segment(|auth, head, id| sessions::end_one(auth, head, id).boxed()),
    ),
    get("/.well-known/jwks.json", |auth, head| key_set::handle(auth, head).boxed()),
    get("/healthz", |_, _| async { Ok(health::handle()) }.boxed()),
    get("/readyz", |auth, head| ready::handle(auth, head).boxed()),
];

const fn get(path: &'static str, handler: fn(Arc<Auth>, Head) -> Handling) -> Route {
    route(path, Method::GET, Handler::Head(handler))
}

const fn post(path: &'static str, handler: fn(Arc<Auth>, Head, Body) -> Handling) -> Route {
    route(path, Method::POST, Handler::Body(handler))
}

const fn route(path: &'static str, method: Method, handler: Handler) -> Route {
    Route { path, method, handler }
}

/// The filter of all routes. It never rejects: an error is a response, too.
pub(crate) fn routes(auth: &Arc<Auth>) -> BoxedFilter<(Response,)> {
    let auth = Arc::clone(auth);
    let request = warp::path::full().and(warp::method()).and(Head::read()).and(warp::body::stream());
    let respond = move |path: FullPath, method, head, body| {
        let auth = Arc::clone(&auth);
        async move { handle(auth, path.as_str(), &method, head, body).await.unwrap_or_else(into_response) }
    };
    request.then(respond).boxed()
}

async fn handle<B: Buf>(
    auth: Arc<Auth>,
    path: &str,
    method: &Method,
    head: Head,
    body: impl Stream<Item = Result<B, warp::Error>>,
) -> Result<Response, ApiError> {
    match handler(path, method)? {
        Handler::Head(handle) => handle(auth, head).await,
        Handler::Body(handle) => {
            let body = body::read(&head.headers, body).await?;
            handle(auth, head, body).await
        }
        Handler::Segment(handle) => handle(auth, head, last_segment(path).to_owned()).await,
    }
}

/// Puts an error into the response's extensions, for the envelope: only that knows the request id.
fn into_response(error: ApiError) -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(error);
    response
}

/// The handler of a request.
fn handler(path: &str, method: &Method) -> Result<Handler, ApiError> {
    // RFC 9110 §9.3.2.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut allowed = Vec::new();
    for route in ROUTES.iter().filter(|route| route.matches(path)) {
        if route.method == *method {
            return Ok(route.handler);
        }
        allowed.push(route.method.as_str());
        if route.method == Method::GET {
            allowed.push(Method::HEAD.as_str());
        }
    }
    if allowed.is_empty() { Err(ApiError::not_found()) } else { Err(ApiError::method_not_allowed(&allowed.join(", "))) }
}

impl Route {
    /// Whether this is a route of the path. A path with a trailing slash is another path.
    fn matches(&self, path: &str) -> bool {
        match self.path.strip_suffix("{id}") {
            Some(prefix) => path.strip_prefix(prefix).is_some_and(|id| !id.is_empty() && !id.contains('/')),
            None => self.path == path,
        }
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, segment)| segment)
}

/// The methods of all routes.
#[cfg(test)]
pub(super) fn methods() -> impl Iterator<Item = &'static Method> {
    ROUTES.iter().map(|route| &route.method)
}

/// The name of all paths without a route.
pub(crate) const OTHER: &str = "other";

/// The name of a path's route for the metrics and the log, from a closed list.
pub(crate) fn route_of(path: &str) -> &'static str {
    ROUTES.iter().find(|route| route.matches(path)).map_or(OTHER, |route| route.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &str, method: &Method) -> Option<ApiError> {
        handler(path, method).err()
    }

    #[test]
    fn a_path_with_a_trailing_slash_is_another_path() {
        for (path, method) in [("/login", Method::POST), ("/me", Method::HEAD), ("/sessions/x", Method::DELETE)] {
            assert!(refusal(path, &method).is_none(), "{method} {path}");
        }
        for path in ["/login/", "/", "/sessions/", "/sessions/a/b", "//me", "/healthz/x"] {
            assert_eq!(refusal(path, &Method::GET).map(|error| error.status.as_u16()), Some(404), "{path}");
            assert_eq!(route_of(path), OTHER);
        }
        assert_eq!(route_of("/sessions/x"), "/sessions/{id}");
    }

    #[test]
    fn a_wrong_method_gets_the_allowed_ones() {
        for (path, allowed) in [("/login", "POST"), ("/sessions", "GET, HEAD, DELETE"), ("/sessions/x", "DELETE")] {
            let error = refusal(path, &Method::PUT).unwrap();
            assert_eq!(error.status.as_u16(), 405);
            assert_eq!(error.description, format!("this path allows {allowed}"));
        }
    }
}
