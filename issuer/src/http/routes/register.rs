//! `POST /register`: self-registration. The new user then signs in at `/login`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::{http::StatusCode, reply::Response};

use crate::http::{
    ApiError, json,
    server::{body::Body, head::Head},
    token_response::UserBody,
};
use crate::{
    auth::Auth,
    password::NewPassword,
    user::{NewUsername, Username},
};

#[derive(Deserialize)]
struct Request {
    username: String,
    password: String,
}

/// The new user.
#[derive(Serialize)]
struct Registered<'u> {
    user: UserBody<'u>,
}

const EXPECTED: &str = r#"JSON such as {"username": "…", "password": "…"}"#;

pub(crate) async fn handle(auth: Arc<Auth>, head: Head, body: Body) -> Result<Response, ApiError> {
    let registration = auth.registration()?;
    let Request { username, password } = body.json(EXPECTED)?;
    let username: Username =
        username.parse::<NewUsername>().map_err(|error| ApiError::invalid_request(error.to_string()))?.into();
    let password = NewPassword::choose(password, username.as_str()).map_err(ApiError::weak_password)?;
    let user = registration.register(username, password, &head.client()).await?;
    let mut response = json(&Registered { user: UserBody::of(user.id, &user.username) });
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}
