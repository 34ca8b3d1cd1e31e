//! `POST /password`: sets a new password for the signed-in user and ends the user's other sessions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::reply::Response;

use crate::http::{
    ApiError, caller, json, no_content,
    server::{body::Body, head::Head},
};
use crate::{
    auth::{Auth, Client},
    password::{NewPassword, Password},
};

#[derive(Deserialize)]
struct Request {
    current_password: String,
    new_password: String,
    /// If it is not in a cookie.
    device_token: Option<String>,
}

/// The new device token of a client that presented one in the body.
#[derive(Serialize)]
struct Changed<'t> {
    device_token: &'t str,
}

const EXPECTED: &str = r#"JSON such as {"current_password": "…", "new_password": "…"}, optionally with "device_token""#;

pub(crate) async fn handle(auth: Arc<Auth>, head: Head, body: Body) -> Result<Response, ApiError> {
    let Request { current_password, new_password, device_token } = body.json(EXPECTED)?;
    let current = Password::parse(current_password).map_err(|error| ApiError::invalid_request(error.to_string()))?;
    let caller = caller::authenticate(&auth, &head).await?;
    let username = caller.identity().username.as_str();
    let is_in_body = device_token.is_some();
    let device_tokens = device_token.map_or_else(|| head.cookies.device_tokens(&head.headers), |token| vec![token]);
    let client = Client { device_tokens, ..head.client() };
    let changed = match NewPassword::choose(new_password, username) {
        Ok(new) => {
            let changed = auth.change_password(caller.identity(), current, new, &client).await;
            changed.map_err(ApiError::from).and_then(|device_token| respond(&head, device_token.as_deref(), is_in_body))
        }
        Err(weak) => Err(ApiError::weak_password(weak)),
    };
    caller::respond(changed, &head, &caller)
}

/// The device stays known: its new token has the transport of the old one.
fn respond(head: &Head, device_token: Option<&str>, is_in_body: bool) -> Result<Response, ApiError> {
    match device_token {
        Some(device_token) if is_in_body => Ok(json(&Changed { device_token })),
        Some(device_token) => {
            let mut response = no_content();
            head.cookies.set_device(&mut response, device_token)?;
            Ok(response)
        }
        None => Ok(no_content()),
    }
}
