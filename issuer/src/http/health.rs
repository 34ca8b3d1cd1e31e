//! `GET /healthz`: the process is alive and answers. It asks nothing else, so that a slow disk does not look like a
//! dead process.

use std::sync::Arc;

use serde::Serialize;
use warp::reply::Response;

use super::{ApiError, Head, json};
use crate::auth::Auth;

#[derive(Serialize)]
struct Body {
    status: &'static str,
}

pub(crate) async fn handle(_auth: Arc<Auth>, _head: Head) -> Result<Response, ApiError> {
    Ok(json(&Body { status: "ok" }))
}
