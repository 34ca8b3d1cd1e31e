//! `GET /healthz`: the process is alive and answers. It asks nothing else, so that a slow disk does not look like a
//! dead process.

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
