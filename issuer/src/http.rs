//! The HTTP API: which request leads to which use case. Every handler file has the same parts in the same order, its
//! request, its response, and one function of parse, use case and answer.

use std::{
    future::{Future, ready},
    sync::Arc,
};

use warp::{
    Filter, Rejection,
    filters::{BoxedFilter, path::FullPath},
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use crate::auth::Auth;

mod activity;
mod admin;
mod body;
mod caller;
mod connection;
mod cookies;
mod cors;
mod credentials;
mod envelope;
mod error;
mod head;
mod health;
mod key_set;
mod login;
mod logout;
mod me;
mod message;
mod origin;
mod pass;
mod password;
mod proxies;
mod ready;
mod refresh;
mod register;
pub(crate) mod server;
mod sessions;
mod slots;

pub(crate) use admin::{answer as answer_admin, refuse as refuse_admin};
use body::Body;
pub(crate) use envelope::Envelope;
pub(crate) use error::ApiError;
use head::Head;
pub(crate) use origin::Origin;
pub(crate) use proxies::{MAX_HOPS, Network, TrustedProxies};

/// About how much of a head is read: proxies cut at 8 KiB to 16 KiB, and an access token is at most 8 KiB.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Every path, and the methods that it takes.
const METHODS: [(&str, &str); 10] = [
    ("/login", "POST"),
    ("/refresh", "POST"),
    ("/logout", "POST"),
    ("/register", "POST"),
    ("/password", "POST"),
    ("/me", "GET, HEAD"),
    ("/sessions", "GET, HEAD, DELETE"),
    ("/.well-known/jwks.json", "GET, HEAD"),
    ("/healthz", "GET, HEAD"),
    ("/readyz", "GET, HEAD"),
];

/// All routes. None of them rejects: each request gets an answer of ours.
pub(crate) fn routes(auth: &Arc<Auth>) -> BoxedFilter<(Response,)> {
    let login = post("/login", auth, login::handle);
    let refresh = post("/refresh", auth, refresh::handle);
    let logout = post("/logout", auth, logout::handle);
    let register = post("/register", auth, register::handle);
    let password = post("/password", auth, password::handle);
    let me = get("/me", auth, me::handle);
    let sessions = sessions(auth);
    let key_set = get("/.well-known/jwks.json", auth, key_set::handle);
    let health = get("/healthz", auth, health::handle);
    let ready = get("/readyz", auth, ready::handle);
    let nothing = warp::path::full().map(|path: FullPath| respond(Err(no_route(path.as_str()))));
    login
        .or(refresh)
        .unify()
        .or(logout)
        .unify()
        .or(register)
        .unify()
        .or(password)
        .unify()
        .or(me)
        .unify()
        .or(sessions)
        .unify()
        .or(key_set)
        .unify()
        .or(health)
        .unify()
        .or(ready)
        .unify()
        .or(nothing)
        .unify()
        .boxed()
}

fn post<Fut>(path: &'static str, auth: &Arc<Auth>, handle: fn(Arc<Auth>, Head, Body) -> Fut) -> BoxedFilter<(Response,)>
where
    Fut: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let auth = Arc::clone(auth);
    let answer = move |head: Head, body| {
        let auth = Arc::clone(&auth);
        async move {
            let body = body::read(&head.headers, body).await;
            respond(match body {
                Ok(body) => handle(auth, head, body).await,
                Err(error) => Err(error),
            })
        }
    };
    at(path).and(warp::post()).and(Head::read()).and(warp::body::stream()).then(answer).boxed()
}

fn get<Fut>(path: &'static str, auth: &Arc<Auth>, handle: fn(Arc<Auth>, Head) -> Fut) -> BoxedFilter<(Response,)>
where
    Fut: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    without_body(at(path).and(warp::get().or(warp::head()).unify()), auth, handle)
}

/// The routes below `/sessions`.
fn sessions(auth: &Arc<Auth>) -> BoxedFilter<(Response,)> {
    let list = get("/sessions", auth, sessions::list);
    let end_all = without_body(at("/sessions").and(warp::delete()), auth, sessions::end_all);
    let auth = Arc::clone(auth);
    let answer = move |id, head| {
        let answered = sessions::end_one(Arc::clone(&auth), head, id);
        async move { respond(answered.await) }
    };
    let id = warp::path::full()
        .and_then(|path: FullPath| ready(session_in(path.as_str()).map(str::to_owned).ok_or_else(warp::reject)));
    let end_one = id.and(warp::delete()).and(Head::read()).then(answer);
    list.or(end_all).unify().or(end_one).unify().boxed()
}

fn without_body<Fut>(
    route: impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static,
    auth: &Arc<Auth>,
    handle: fn(Arc<Auth>, Head) -> Fut,
) -> BoxedFilter<(Response,)>
where
    Fut: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let auth = Arc::clone(auth);
    let answer = move |head: Head| {
        let answered = handle(Arc::clone(&auth), head);
        async move { respond(answered.await) }
    };
    route.and(Head::read()).then(answer).boxed()
}

/// The `{id}` of `/sessions/{id}`.
fn session_in(path: &str) -> Option<&str> {
    path.strip_prefix("/sessions/").filter(|id| !id.is_empty() && !id.contains('/'))
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

/// What the route of every other path is called.
const OTHER: &str = "other";

/// The route of a path, for the metrics and the log: of a closed list.
fn route_of(path: &str) -> &'static str {
    if session_in(path).is_some() {
        return "/sessions/{id}";
    }
    METHODS.iter().find(|(known, _)| *known == path).map_or(OTHER, |(known, _)| known)
}

fn no_route(path: &str) -> ApiError {
    if session_in(path).is_some() {
        return ApiError::method_not_allowed("DELETE");
    }
    match METHODS.iter().find(|(known, _)| *known == path) {
        Some((_, allowed)) => ApiError::method_not_allowed(allowed),
        None => ApiError::not_found(),
    }
}

/// A JSON answer with status 200.
fn json(body: &impl serde::Serialize) -> Response {
    warp::Reply::into_response(warp::reply::json(body))
}

fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn set_header(response: &mut Response, name: header::HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}
