//! `GET /readyz`: readiness. The store must respond in time.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::time;
use warp::reply::Response;

use crate::auth::Auth;
use crate::http::{ApiError, json, server::head::Head};

/// How long the store may take. It responds in milliseconds; health checks time out after a few seconds.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Body {
    status: &'static str,
}

pub(crate) async fn handle(auth: Arc<Auth>, _head: Head) -> Result<Response, ApiError> {
    let checked = time::timeout(STORE_TIMEOUT, auth.check_store()).await;
    checked.map_err(|_| ApiError::store_away(format!("the store did not respond within {STORE_TIMEOUT:?}")))??;
    Ok(json(&Body { status: "ready" }))
}
