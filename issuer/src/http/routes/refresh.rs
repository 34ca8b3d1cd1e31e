//! `POST /refresh`: exchanges a refresh token for a new access and refresh token; 204 for a request without one.

use std::sync::Arc;

use serde::Deserialize;
use warp::reply::Response;

use crate::http::{
    ApiError, no_content,
    server::{body::Body, head::Head},
    token_response,
};
use crate::{auth::Auth, session::Transport};

#[derive(Default, Deserialize)]
struct Request {
    refresh_token: Option<String>,
}

const EXPECTED: &str = r#"empty if the refresh token is in the cookie, else JSON such as {"refresh_token": "hprt_…"}"#;

pub(crate) async fn handle(auth: Arc<Auth>, head: Head, body: Body) -> Result<Response, ApiError> {
    let in_body = body.json_if_any::<Request>(EXPECTED)?.refresh_token;
    let in_cookie = head.cookies.read(&head.headers)?.refresh;
    let (token, transport) = match (in_cookie, in_body) {
        (Some(token), None) => (token, Transport::Cookie),
        (None, Some(token)) => (token, Transport::Body),
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid_request("two refresh tokens: send one, in the cookie or in the body"));
        }
        // A page requests this at each visit, and most visitors have never signed in: that is no error.
        (None, None) if body.is_empty() => return Ok(no_content()),
        (None, None) => {
            return Err(ApiError::invalid_request("no refresh token: send it in the cookie or in the body"));
        }
    };
    let tokens = auth.refresh(&token, transport, head.address).await?;
    token_response::respond(&tokens, head.cookies)
}
