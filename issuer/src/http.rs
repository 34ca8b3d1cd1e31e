//! The HTTP API: the server, the routes, and what they share: cookies, credentials, errors and the token response.

use warp::{
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

mod caller;
mod cookies;
mod credentials;
mod error;
mod routes;
pub(crate) mod server;
mod token_response;

#[cfg(test)]
mod tests;

pub(crate) use error::ApiError;
pub(crate) use routes::{
    admin::{handle as handle_admin, refuse as refuse_admin},
    routes,
};
pub(crate) use server::{
    envelope::Envelope,
    origin::Origin,
    proxies::{MAX_HOPS, Network, TrustedProxies},
};

/// A JSON response with status 200.
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
