//! Signs each client in once, few at a time, because a server hashes a password for each.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection::Connection;
use crate::dialect::{Credentials, Dialect, User};

/// Concurrent sign-ins: the number of cores of a small machine.
const AT_ONCE: usize = 2;

/// The maximum number of attempts at a sign-in that the server defers.
const MAX_TRIES: u32 = 60;

/// Credentials for each client, with the users in turn.
pub(crate) async fn sign_in(
    dialect: Dialect,
    address: SocketAddr,
    users: &[User],
    clients: usize,
) -> Result<Vec<Credentials>, String> {
    let mut lanes = JoinSet::new();
    for lane in 0..AT_ONCE {
        let clients: Vec<_> = (lane..clients).step_by(AT_ONCE).collect();
        let requests = clients.into_iter().map(|client| (client, dialect.login(address, &users[client % users.len()])));
        lanes.spawn(in_sequence(dialect, address, requests.collect()));
    }
    let mut credentials = Vec::with_capacity(clients);
    for lane in lanes.join_all().await {
        credentials.extend(lane?);
    }
    credentials.sort_unstable_by_key(|(client, _)| *client);
    Ok(credentials.into_iter().map(|(_, credentials)| credentials).collect())
}

async fn in_sequence(
    dialect: Dialect,
    address: SocketAddr,
    requests: Vec<(usize, Vec<u8>)>,
) -> Result<Vec<(usize, Credentials)>, String> {
    let mut connection = Connection::open(address).await.map_err(|error| error.to_string())?;
    let mut credentials = Vec::with_capacity(requests.len());
    for (client, request) in requests {
        credentials.push((client, with_retries(dialect, &mut connection, &request).await?));
    }
    Ok(credentials)
}

/// Signs in, and retries after 429 and 503, which a busy server or its limits return.
async fn with_retries(dialect: Dialect, connection: &mut Connection, request: &[u8]) -> Result<Credentials, String> {
    for _ in 0..MAX_TRIES {
        let answer = connection.ask(request).await.map_err(|error| error.to_string())?;
        if let Some(credentials) = dialect.credentials(&answer) {
            return Ok(credentials);
        }
        match answer.status {
            429 | 503 => sleep(Duration::from_secs(1)).await,
            status => return Err(format!("a sign-in is answered {status}: {}", String::from_utf8_lossy(&answer.body))),
        }
    }
    Err("the server refused every attempt at a sign-in".to_owned())
}
