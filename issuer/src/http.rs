//! The HTTP API: which request leads to which use case. Every handler file has the same parts in the same order, its
//! request, its response, and one function of parse, use case and answer.

use std::{
    future::{Future, ready},
    sync::Arc,
};

use warp::{
    Filter, Rejection,
    filters::{BoxedFilter, path::FullPath},
    http::{HeaderMap, HeaderValue, header},
    reply::Response,
};

use crate::auth::Auth;

mod body;
mod cookies;
mod credentials;
mod envelope;
mod error;
mod health;
mod key_set;
mod login;
mod logout;
mod me;
mod origin;
mod pass;
mod refresh;
pub(crate) mod server;

use body::Body;
pub(crate) use envelope::{Envelope, cors};
use error::ApiError;
pub(crate) use origin::Origin;

/// Every path, and the methods that it takes.
const METHODS: [(&str, &str); 6] = [
    ("/login", "POST"),
    ("/refresh", "POST"),
    ("/logout", "POST"),
    ("/me", "GET, HEAD"),
    ("/.well-known/jwks.json", "GET, HEAD"),
    ("/healthz", "GET, HEAD"),
];

/// All routes. None of them rejects: each request gets an answer of ours.
pub(crate) fn routes(auth: &Arc<Auth>) -> BoxedFilter<(Response,)> {
    let login = post("/login", auth, login::handle);
    let refresh = post("/refresh", auth, refresh::handle);
    let logout = post("/logout", auth, logout::handle);
    let me = get("/me", auth, me::handle);
    let key_set = get("/.well-known/jwks.json", auth, key_set::handle);
    let health = get("/healthz", auth, health::handle);
    let nothing = warp::path::full().map(|path: FullPath| respond(Err(no_route(path.as_str()))));
    login
        .or(refresh)
        .unify()
        .or(logout)
        .unify()
        .or(me)
        .unify()
        .or(key_set)
        .unify()
        .or(health)
        .unify()
        .or(nothing)
        .unify()
        .boxed()
}

fn post<Fut>(
    path: &'static str,
    auth: &Arc<Auth>,
    handle: fn(Arc<Auth>, HeaderMap, Body) -> Fut,
) -> BoxedFilter<(Response,)>
where
    Fut: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let auth = Arc::clone(auth);
    let answer = move |headers: HeaderMap, body| {
        let auth = Arc::clone(&auth);
        async move {
            let body = body::read(&headers, body).await;
            respond(match body {
                Ok(body) => handle(auth, headers, body).await,
                Err(error) => Err(error),
            })
        }
    };
    at(path).and(warp::post()).and(warp::header::headers_cloned()).and(warp::body::stream()).then(answer).boxed()
}

fn get<Fut>(path: &'static str, auth: &Arc<Auth>, handle: fn(Arc<Auth>, HeaderMap) -> Fut) -> BoxedFilter<(Response,)>
where
    Fut: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let auth = Arc::clone(auth);
    let answer = move |headers: HeaderMap| {
        let answered = handle(Arc::clone(&auth), headers);
        async move { respond(answered.await) }
    };
    at(path).and(warp::get().or(warp::head()).unify()).and(warp::header::headers_cloned()).then(answer).boxed()
}

/// Exactly this path; `warp::path!` would also take it with a slash at its end.
fn at(path: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    let is_path = move |full: FullPath| ready(if full.as_str() == path { Ok(()) } else { Err(warp::reject()) });
    warp::path::full().and_then(is_path).untuple_one()
}

/// An error travels in the response's extensions to the envelope, which knows the request's id and gives it its shape.
fn respond(result: Result<Response, ApiError>) -> Response {
    result.unwrap_or_else(|error| {
        let mut response = Response::default();
        response.extensions_mut().insert(error);
        response
    })
}

fn no_route(path: &str) -> ApiError {
    match METHODS.iter().find(|(known, _)| *known == path) {
        Some((_, allowed)) => ApiError::method_not_allowed(allowed),
        None => ApiError::not_found(),
    }
}

/// A JSON answer with status 200.
fn json(body: &impl serde::Serialize) -> Response {
    warp::Reply::into_response(warp::reply::json(body))
}

fn set_header(response: &mut Response, name: header::HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}
