//! `POST /logout`: whatever token the client has of a session ends it. Over already is fine.

use std::sync::Arc;

use serde::Deserialize;
use warp::{
    http::{HeaderMap, StatusCode},
    reply::Response,
};

use super::{ApiError, body::Body, cookies, credentials};
use crate::auth::Auth;

#[derive(Default, Deserialize)]
struct Request {
    refresh_token: Option<String>,
}

const EXPECTED: &str = r#"empty, or JSON such as {"refresh_token": "hprt_…"}"#;

pub(crate) async fn handle(auth: Arc<Auth>, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
    let in_body = body.json_if_any::<Request>(EXPECTED)?.refresh_token;
    let in_cookies = cookies::read(&headers)?;
    let bearer = credentials::bearer(&headers)?;
    for refresh_token in [in_body, in_cookies.refresh].into_iter().flatten() {
        auth.logout_by_refresh_token(&refresh_token).await?;
    }
    for access_token in [bearer, in_cookies.access].into_iter().flatten() {
        auth.logout_by_access_token(&access_token).await?;
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    cookies::clear(&mut response)?;
    Ok(response)
}
