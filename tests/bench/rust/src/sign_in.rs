//! Signing in: each client once, few at a time, since a server hashes a password for each.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection::Connection;

/// Sign-ins under way at once: as many as small machines have cores.
const AT_ONCE: usize = 2;

/// How often a sign-in is tried again that the server puts off.
const MOST_TRIES: u32 = 60;

/// The newest refresh token, from a sign-in or a refresh.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) refresh_token: String,
}

/// One refresh token for each of so many clients, who are these users in turn.
pub(crate) async fn sign_in(address: SocketAddr, users: &[String], clients: usize) -> Result<Vec<String>, String> {
    let mut lanes = JoinSet::new();
    for lane in 0..AT_ONCE {
        let users: Vec<_> =
            (lane..clients).step_by(AT_ONCE).map(|client| users[client % users.len()].clone()).collect();
        lanes.spawn(sign_in_one_by_one(address, users));
    }
    let mut tokens = Vec::with_capacity(clients);
    for lane in lanes.join_all().await {
        tokens.extend(lane?);
    }
    Ok(tokens)
}

async fn sign_in_one_by_one(address: SocketAddr, users: Vec<String>) -> Result<Vec<String>, String> {
    let mut connection = Connection::open(address).await.map_err(|error| error.to_string())?;
    let mut tokens = Vec::with_capacity(users.len());
    for user in users {
        let (username, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
        let body = json!({ "username": username, "password": password, "transport": "body" }).to_string();
        tokens.push(patiently(&mut connection, &body).await?);
    }
    Ok(tokens)
}

/// A server that is busy, or limits attempts, answers 429 or 503 and wants to be asked again.
async fn patiently(connection: &mut Connection, body: &str) -> Result<String, String> {
    for _ in 0..MOST_TRIES {
        let answer = connection.post("/login", body).await.map_err(|error| error.to_string())?;
        match answer.status {
            200 => {
                let tokens: Tokens = serde_json::from_slice(answer.body).map_err(|error| error.to_string())?;
                return Ok(tokens.refresh_token);
            }
            429 | 503 => sleep(Duration::from_secs(1)).await,
            status => return Err(format!("a sign-in is answered {status}: {}", String::from_utf8_lossy(answer.body))),
        }
    }
    Err("the server puts sign-ins off for ever".to_owned())
}
