//! `POST /logout`: any token of a session ends it. A session that has ended already is no error.

use std::sync::Arc;

use serde::Deserialize;
use warp::reply::Response;

use crate::auth::Auth;
use crate::http::{
    ApiError, credentials, no_content,
    server::{body::Body, head::Head},
};

#[derive(Default, Deserialize)]
struct Request {
    refresh_token: Option<String>,
}

const EXPECTED: &str = r#"empty, or JSON such as {"refresh_token": "hprt_…"}"#;

pub(crate) async fn handle(auth: Arc<Auth>, head: Head, body: Body) -> Result<Response, ApiError> {
    let in_body = body.json_if_any::<Request>(EXPECTED)?.refresh_token;
    let (access_tokens, refresh_tokens) = head.cookies.read_all(&head.headers);
    // A header with another scheme, such as a proxy's Basic, is ignored: it must not prevent the sign-out.
    let bearer = credentials::bearer(&head.headers).unwrap_or_default();
    let refresh_tokens = in_body.as_deref().into_iter().chain(refresh_tokens).collect::<Vec<_>>();
    let access_tokens = bearer.as_deref().into_iter().chain(access_tokens).collect::<Vec<_>>();
    auth.logout(&refresh_tokens, &access_tokens, head.address).await?;
    let mut response = no_content();
    head.cookies.clear(&mut response)?;
    Ok(response)
}
