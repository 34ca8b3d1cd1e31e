//! The HTTP API: which request leads to which use case. Every handler file has the same parts in the same order, its
//! request, its response, and one function of parse, use case and answer.

use std::{future::Future, sync::Arc};

use warp::{
    Filter,
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
    let login = post(warp::path!("login"), auth, login::handle);
    let refresh = post(warp::path!("refresh"), auth, refresh::handle);
    let logout = post(warp::path!("logout"), auth, logout::handle);
    let me = get(warp::path!("me"), auth, me::handle);
    let key_set = get(warp::path!(".well-known" / "jwks.json"), auth, key_set::handle);
    let health = get(warp::path!("healthz"), auth, health::handle);
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
    path: impl Filter<Extract = (), Error = warp::Rejection> + Clone + Send + Sync + 'static,
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
    path.and(warp::post()).and(warp::header::headers_cloned()).and(warp::body::stream()).then(answer).boxed()
}

fn get<Fut>(
    path: impl Filter<Extract = (), Error = warp::Rejection> + Clone + Send + Sync + 'static,
    auth: &Arc<Auth>,
    handle: fn(Arc<Auth>, HeaderMap) -> Fut,
) -> BoxedFilter<(Response,)>
where
    Fut: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let auth = Arc::clone(auth);
    let answer = move |headers: HeaderMap| {
        let answered = handle(Arc::clone(&auth), headers);
        async move { respond(answered.await) }
    };
    path.and(warp::get().or(warp::head()).unify()).and(warp::header::headers_cloned()).then(answer).boxed()
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
