//! `GET /readyz`: able to serve, since the store answers in time.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::time;
use warp::reply::Response;

use crate::auth::Auth;
use crate::http::{ApiError, json, server::head::Head};

/// How long the store may take. It answers in milliseconds; who asks gives up after a few seconds.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Body {
    status: &'static str,
}

pub(crate) async fn handle(auth: Arc<Auth>, _head: Head) -> Result<Response, ApiError> {
    let answered = time::timeout(STORE_TIMEOUT, auth.check_store()).await;
    answered.map_err(|_| ApiError::store_away("the store does not answer"))??;
    Ok(json(&Body { status: "ready" }))
}
