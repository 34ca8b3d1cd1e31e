//! `POST /password`: a new password for the user who asks, whose other sessions end.

use std::sync::Arc;

use serde::Deserialize;
use warp::reply::Response;

use super::{ApiError, Head, body::Body, caller, no_content};
use crate::{
    auth::Auth,
    password::{NewPassword, Password},
};

#[derive(Deserialize)]
struct Request {
    current_password: String,
    new_password: String,
}

const EXPECTED: &str = r#"JSON such as {"current_password": "…", "new_password": "…"}"#;

pub(crate) async fn handle(auth: Arc<Auth>, head: Head, body: Body) -> Result<Response, ApiError> {
    let Request { current_password, new_password } = body.json(EXPECTED)?;
    let current = Password::parse(current_password).map_err(|error| ApiError::invalid_request(error.to_string()))?;
    let seen = caller::see(&auth, &head).await?;
    let username = seen.identity().username.as_str();
    let changed = match NewPassword::choose(new_password, username) {
        Ok(new) => {
            let changed = auth.change_password(seen.identity(), current, new, &head.asker(), head.address).await;
            changed.map_err(ApiError::from)
        }
        Err(weak) => Err(ApiError::weak_password(weak)),
    };
    caller::answer(changed.map(|()| no_content()), &head, &seen)
}
