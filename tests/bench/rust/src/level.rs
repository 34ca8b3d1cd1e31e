//! One level of load: so many clients at once, each rotating its own refresh token, one request after the other.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Refresh;
use crate::clock::{now, worked};
use crate::connection::Connection;
use crate::latencies::Latencies;
use crate::sign_in::Tokens;

/// What came of it.
pub(crate) struct Level {
    clients: usize,
    /// Every refresh that was answered with a new token, those of the warm-up too.
    pub(crate) answered: u64,
    counted: Latencies,
    /// The share of one processor that this program took.
    load: Option<f64>,
}

impl Level {
    pub(crate) fn report(self, measured: Duration) -> Value {
        let mut report = self.counted.report(measured);
        report["clients"] = json!(self.clients);
        report["answered"] = json!(self.answered);
        report["loadCpu"] = json!(self.load);
        report
    }
}

/// A client's share of a level.
struct Share {
    client: usize,
    token: String,
    answered: u64,
    counted: Latencies,
}

/// From when on requests count, and when the last is sent.
#[derive(Clone, Copy)]
struct Window {
    from: Instant,
    to: Instant,
}

/// Runs a level, and leaves each client's newest token in its place. Any answer but a new token fails the whole run.
pub(crate) async fn run(options: &Refresh, tokens: &mut [String]) -> Result<Level, String> {
    // Connections are made anew: servers close those that were silent since the sign-in.
    let mut connections = Vec::with_capacity(tokens.len());
    for _ in 0..tokens.len() {
        connections.push(Connection::open(options.address).await.map_err(|error| error.to_string())?);
    }
    let start = now();
    let from = start + options.warm_up;
    let window = Window { from, to: from + options.measure };
    let worked_before = worked();
    let mut tasks = JoinSet::new();
    for (client, (connection, token)) in connections.into_iter().zip(tokens.iter()).enumerate() {
        tasks.spawn(rotate(client, connection, token.clone(), window));
    }
    let mut level = Level { clients: tokens.len(), answered: 0, counted: Latencies::default(), load: None };
    while let Some(joined) = tasks.join_next().await {
        let share = joined.map_err(|error| error.to_string())??;
        tokens[share.client] = share.token;
        level.answered += share.answered;
        level.counted.append(share.counted);
    }
    let work = worked().zip(worked_before).map(|(after, before)| (after - before).as_secs_f64());
    level.load = work.map(|work| work / (now() - start).as_secs_f64());
    Ok(level)
}

async fn rotate(client: usize, mut connection: Connection, token: String, window: Window) -> Result<Share, String> {
    let mut share = Share { client, token, answered: 0, counted: Latencies::default() };
    loop {
        let sent = now();
        if sent >= window.to {
            return Ok(share);
        }
        let body = format!(r#"{{"refresh_token":"{}"}}"#, share.token);
        let answer = connection.post("/refresh", &body).await.map_err(|error| error.to_string())?;
        let arrived = now();
        let next = if answer.status == 200 { serde_json::from_slice::<Tokens>(answer.body).ok() } else { None };
        let Some(next) = next.filter(|next| next.refresh_token != share.token) else {
            let (status, body) = (answer.status, String::from_utf8_lossy(answer.body));
            return Err(format!("client {client}: a refresh is answered {status}: {body}"));
        };
        share.token = next.refresh_token;
        share.answered += 1;
        if arrived >= window.from && arrived <= window.to {
            share.counted.add(arrived - sent);
        }
    }
}
