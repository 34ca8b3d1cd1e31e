//! Closed loops: clients that rotate refresh tokens, and clients that sign in repeatedly.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::now;
use crate::connection::{Answer, Connection};
use crate::dialect::{Credentials, Dialect, User};
use crate::level::{self, Share, Window};
use crate::milliseconds;
use crate::sign_in::sign_in;
use crate::source::source;

/// The options of both loops.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The server's address
    address: SocketAddr,
    #[arg(long, default_value = "tokens")]
    dialect: Dialect,
    /// The users that sign in, in turn: NAME:PASSWORD
    #[arg(long, value_delimiter = ',', required = true)]
    users: Vec<User>,
    /// The numbers of concurrent clients
    #[arg(long, value_delimiter = ',', required = true)]
    clients: Vec<usize>,
    /// The warm-up in milliseconds, which is not counted
    #[arg(long, value_parser = milliseconds)]
    warm_up: Duration,
    /// The measurement in milliseconds
    #[arg(long, value_parser = milliseconds)]
    measure: Duration,
}

/// Rotates tokens with each number of clients in turn. Any answer but a new token fails the run.
pub(crate) async fn refresh(options: &Options) -> Result<Value, String> {
    let max_clients = options.clients.iter().copied().max().unwrap_or_default();
    let mut credentials = sign_in(options.dialect, options.address, &options.users, max_clients).await?;
    let mut levels = Vec::new();
    let mut answered = 0;
    for &count in &options.clients {
        // Reconnect: servers close connections that were idle since the sign-in.
        let connections = connect(options, count).await?;
        let window = Window::after(options.warm_up, options.measure);
        let clients = connections.into_iter().zip(&credentials);
        let clients = clients.map(|(connection, credentials)| {
            rotate(options.dialect, options.address, connection, credentials.clone(), window)
        });
        let (level, last) = level::run(clients.collect()).await?;
        credentials.splice(..count, last);
        answered += level.answered;
        levels.push(level.report(options.measure));
    }
    Ok(json!({ "answered": answered, "levels": levels }))
}

/// Signs in with each number of clients in turn, each time another user. Any answer but tokens fails the run.
pub(crate) async fn login(options: &Options) -> Result<Value, String> {
    let requests = options.users.iter().map(|user| options.dialect.login(options.address, user));
    let turns = Arc::new(Turns { requests: requests.collect(), next: AtomicUsize::new(0) });
    let mut levels = Vec::new();
    let mut answered = 0;
    for &count in &options.clients {
        let connections = connect(options, count).await?;
        let window = Window::after(options.warm_up, options.measure);
        let clients = connections.into_iter();
        let clients = clients.map(|connection| log_in(options.dialect, connection, Arc::clone(&turns), window));
        let (level, _) = level::run(clients.collect()).await?;
        answered += level.answered;
        levels.push(level.report(options.measure));
    }
    Ok(json!({ "answered": answered, "levels": levels }))
}

/// The users' requests, in turn.
struct Turns {
    requests: Vec<Vec<u8>>,
    next: AtomicUsize,
}

impl Turns {
    fn take(&self) -> &[u8] {
        &self.requests[self.next.fetch_add(1, Ordering::Relaxed) % self.requests.len()]
    }
}

/// One connection per client, each from another address.
async fn connect(options: &Options, clients: usize) -> Result<Vec<Connection>, String> {
    let mut connections = Vec::with_capacity(clients);
    for client in 0..clients {
        let connection = Connection::open_from(source(client), options.address).await;
        connections.push(connection.map_err(|error| error.to_string())?);
    }
    Ok(connections)
}

async fn rotate(
    dialect: Dialect,
    address: SocketAddr,
    mut connection: Connection,
    mut credentials: Credentials,
    window: Window,
) -> Result<(Share, Credentials), String> {
    let mut share = Share::default();
    while !window.is_over() {
        let sent = now();
        let answer =
            connection.ask(&dialect.refresh(address, &credentials)).await.map_err(|error| error.to_string())?;
        credentials = dialect.renewed(&credentials, &answer).ok_or_else(|| unexpected("refresh", &answer))?;
        share.add(sent, window);
    }
    Ok((share, credentials))
}

async fn log_in(
    dialect: Dialect,
    mut connection: Connection,
    turns: Arc<Turns>,
    window: Window,
) -> Result<(Share, ()), String> {
    let mut share = Share::default();
    while !window.is_over() {
        let sent = now();
        let answer = connection.ask(turns.take()).await.map_err(|error| error.to_string())?;
        dialect.credentials(&answer).ok_or_else(|| unexpected("sign-in", &answer))?;
        share.add(sent, window);
    }
    Ok((share, ()))
}

fn unexpected(request: &str, Answer { status, body, .. }: &Answer<'_>) -> String {
    format!("a {request} is answered {status}: {}", String::from_utf8_lossy(body))
}
