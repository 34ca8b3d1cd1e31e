//! `POST /refresh`: a refresh token for a new pair; 204 where there is nothing to renew.

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

const EXPECTED: &str = r#"empty where the refresh token is in a cookie, else JSON such as {"refresh_token": "hprt_…"}"#;

pub(crate) async fn handle(auth: Arc<Auth>, head: Head, body: Body) -> Result<Response, ApiError> {
    let in_body = body.json_if_any::<Request>(EXPECTED)?.refresh_token;
    let in_cookie = head.cookies.read(&head.headers)?.refresh;
    let (token, transport) = match (in_cookie, in_body) {
        (Some(token), None) => (token, Transport::Cookie),
        (None, Some(token)) => (token, Transport::Body),
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid_request(
                "the request has two refresh tokens, one in a cookie and one in the body; send one",
            ));
        }
        // A page asks at each visit, and most visitors have never signed in: that is no bad request.
        (None, None) if body.is_empty() => return Ok(no_content()),
        (None, None) => {
            return Err(ApiError::invalid_request("the request has no refresh token, in a cookie or in the body"));
        }
    };
    let pass = auth.refresh(&token, transport, head.address).await?;
    token_response::respond(&pass, head.cookies)
}
