//! The routes: one table of paths, methods and handlers. Every handler file has the same parts in the same order: its request,
//! its response, and one function that parses, calls the use case and answers.

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

/// The answer of a handler.
type Answer = BoxFuture<'static, Result<Response, ApiError>>;

/// A function that answers a request, by what it reads of the request.
#[derive(Clone, Copy)]
enum Handler {
    /// The head.
    Head(fn(Arc<Auth>, Head) -> Answer),
    /// The head, and a body that is JSON or empty.
    Body(fn(Arc<Auth>, Head, Body) -> Answer),
    /// The head, and the last segment of the path.
    Segment(fn(Arc<Auth>, Head, String) -> Answer),
}

struct Route {
    /// The path; `{id}` at its end stands for any segment.
    path: &'static str,
    method: Method,
    handler: Handler,
}

/// Every path, its methods, and who answers. A handler of GET answers HEAD, too.
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

const fn get(path: &'static str, handler: fn(Arc<Auth>, Head) -> Answer) -> Route {
    route(path, Method::GET, Handler::Head(handler))
}

const fn post(path: &'static str, handler: fn(Arc<Auth>, Head, Body) -> Answer) -> Route {
    route(path, Method::POST, Handler::Body(handler))
}

const fn route(path: &'static str, method: Method, handler: Handler) -> Route {
    Route { path, method, handler }
}

/// All routes. None of them rejects: each request gets an answer of ours.
pub(crate) fn routes(auth: &Arc<Auth>) -> BoxedFilter<(Response,)> {
    let auth = Arc::clone(auth);
    let request = warp::path::full().and(warp::method()).and(Head::read()).and(warp::body::stream());
    let answer = move |path: FullPath, method, head, body| {
        let auth = Arc::clone(&auth);
        async move { answer(auth, path.as_str(), &method, head, body).await.unwrap_or_else(into_response) }
    };
    request.then(answer).boxed()
}

async fn answer<B: Buf>(
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

/// An error travels in the response's extensions to the envelope, which knows the request's id and gives it its shape.
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
    /// Whether this is the route of a path. A slash at the end makes another path.
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

/// The name of every path that is no route.
pub(crate) const OTHER: &str = "other";

/// The route of a path, for the metrics and the log: a name of a closed list.
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
    fn a_path_has_its_methods_and_no_slash_at_its_end() {
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
    fn a_wrong_method_is_told_the_right_ones() {
        for (path, allowed) in [("/login", "POST"), ("/sessions", "GET, HEAD, DELETE"), ("/sessions/x", "DELETE")] {
            let error = refusal(path, &Method::PUT).unwrap();
            assert_eq!(error.status.as_u16(), 405);
            assert_eq!(error.description, format!("this path takes {allowed}"));
        }
    }
}
