//! An axum service: `cargo run -p hallpass-verifier-tower --example axum --features axum`.
//!
//! It accepts tokens of `HALLPASS_ISSUER` (default `http://localhost:8080`, the address of `hallpass serve --dev`) for
//! the audience `api`:
//!
//! ```sh
//! token=$(curl -s localhost:8080/login -d '{"username":"exampleUser","password":"examplePassword","transport":"body"}'
//! \
//!     -H 'content-type: application/json' | jq -r .token)
//! curl localhost:3000/notes -H "authorization: Bearer $token"
//! ```

use std::{env, error::Error};

use axum::{Json, Router, routing::get};
use hallpass_verifier_tower::{Claims, Policy, RemoteKeys, TokenVerifier, VerifyLayer};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The claims that this service reads.
#[derive(Deserialize)]
struct User {
    username: String,
    #[serde(default)]
    roles: Vec<String>,
}

async fn notes(Claims(user): Claims<User>) -> Json<Value> {
    Json(json!({ "notes_of": user.username, "is_admin": user.roles.iter().any(|role| role == "admin") }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let issuer = env::var("HALLPASS_ISSUER").unwrap_or_else(|_| "http://localhost:8080".to_owned());
    let keys = RemoteKeys::new(&format!("{issuer}/.well-known/jwks.json"))?;
    let verifier = TokenVerifier::new(issuer, Policy::for_audience("api"), keys);
    let protected = Router::new().route("/notes", get(notes)).layer(VerifyLayer::new(verifier));
    let app = protected.route("/", get(async || "public"));
    let listener = TcpListener::bind(env::args().nth(1).as_deref().unwrap_or("127.0.0.1:3000")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
