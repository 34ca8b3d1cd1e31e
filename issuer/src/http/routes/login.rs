//! `POST /login`: exchanges a username and a password for an access and a refresh token.

use std::sync::Arc;

use serde::Deserialize;
use warp::reply::Response;

use crate::http::{
    ApiError,
    server::{body::Body, head::Head},
    token_response,
};
use crate::{
    auth::{Auth, Client, Login},
    password::Password,
    session::Transport,
    user::Username,
};

#[derive(Deserialize)]
struct Request {
    username: String,
    password: String,
    #[serde(default)]
    transport: Transport,
    /// Only read with the transport `body`; else it is in a cookie.
    device_token: Option<String>,
}

const EXPECTED: &str = r#"JSON such as {"username": "…", "password": "…"}, optionally with "transport": "cookie" or "body", and "device_token""#;

pub(crate) async fn handle(auth: Arc<Auth>, head: Head, body: Body) -> Result<Response, ApiError> {
    let Request { username, password, transport, device_token } = body.json(EXPECTED)?;
    let password = Password::parse(password).map_err(|error| ApiError::invalid_request(error.to_string()))?;
    let username: Username = username.parse().map_err(|error| ApiError::invalid_request(format!("{error}")))?;
    let (replaced, device_tokens) = match transport {
        Transport::Cookie => (head.cookies.replaced(&head.headers), head.cookies.device_tokens(&head.headers)),
        Transport::Body => (None, Vec::from_iter(device_token)),
    };
    let client = Client { device_tokens, ..head.client() };
    let tokens = auth.login(Login { username: &username, password, transport, replaced, client }).await?;
    token_response::respond(&tokens, head.cookies)
}
