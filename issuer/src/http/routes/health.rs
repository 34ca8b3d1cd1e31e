//! `GET /healthz`: liveness. It uses no other part of the issuer, so that a slow disk does not get the process restarted.

use serde::Serialize;
use warp::reply::Response;

use crate::http::json;

#[derive(Serialize)]
struct Body {
    status: &'static str,
}

pub(crate) fn handle() -> Response {
    json(&Body { status: "ok" })
}
