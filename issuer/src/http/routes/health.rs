//! `GET /healthz`: the process is alive and answers. It asks nothing else, so that a slow disk does not look like a
//! dead process.

use std::sync::Arc;

use serde::Serialize;
use warp::reply::Response;

use crate::auth::Auth;
use crate::http::{ApiError, json, server::head::Head};

#[derive(Serialize)]
struct Body {
    status: &'static str,
}

pub(crate) async fn handle(_auth: Arc<Auth>, _head: Head) -> Result<Response, ApiError> {
    Ok(json(&Body { status: "ok" }))
}
