//! Signing in: each client once, few at a time, since a server hashes a password for each.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection::Connection;
use crate::dialect::{Dialect, Pass, User};

/// Sign-ins under way at once: as many as small machines have cores.
const AT_ONCE: usize = 2;

/// How often a sign-in is tried again that the server puts off.
const MAX_TRIES: u32 = 60;

/// A pass for each of so many clients, who are these users in turn.
pub(crate) async fn sign_in(
    dialect: Dialect,
    address: SocketAddr,
    users: &[User],
    clients: usize,
) -> Result<Vec<Pass>, String> {
    let mut lanes = JoinSet::new();
    for lane in 0..AT_ONCE {
        let clients: Vec<_> = (lane..clients).step_by(AT_ONCE).collect();
        let requests = clients.into_iter().map(|client| (client, dialect.login(address, &users[client % users.len()])));
        lanes.spawn(one_by_one(dialect, address, requests.collect()));
    }
    let mut passes = Vec::with_capacity(clients);
    for lane in lanes.join_all().await {
        passes.extend(lane?);
    }
    passes.sort_unstable_by_key(|(client, _)| *client);
    Ok(passes.into_iter().map(|(_, pass)| pass).collect())
}

async fn one_by_one(
    dialect: Dialect,
    address: SocketAddr,
    requests: Vec<(usize, Vec<u8>)>,
) -> Result<Vec<(usize, Pass)>, String> {
    let mut connection = Connection::open(address).await.map_err(|error| error.to_string())?;
    let mut passes = Vec::with_capacity(requests.len());
    for (client, request) in requests {
        passes.push((client, patiently(dialect, &mut connection, &request).await?));
    }
    Ok(passes)
}

/// A server that is busy, or limits attempts, answers 429 or 503 and wants to be asked again.
async fn patiently(dialect: Dialect, connection: &mut Connection, request: &[u8]) -> Result<Pass, String> {
    for _ in 0..MAX_TRIES {
        let answer = connection.ask(request).await.map_err(|error| error.to_string())?;
        if let Some(pass) = dialect.pass(&answer) {
            return Ok(pass);
        }
        match answer.status {
            429 | 503 => sleep(Duration::from_secs(1)).await,
            status => return Err(format!("a sign-in is answered {status}: {}", String::from_utf8_lossy(&answer.body))),
        }
    }
    Err("the server puts sign-ins off for ever".to_owned())
}
