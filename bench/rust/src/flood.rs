//! A flood of sign-ins, with a trickle of refreshes and `GET /me` before and during it, which shows the flood's effect
//! on signed-in users.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use crate::clock::{now, worked};
use crate::dialect::{Dialect, User};
use crate::milliseconds;
use crate::open_loop::{self, Outcome, Sent, Span};
use crate::schedule::Schedule;
use crate::sign_in::sign_in;
use crate::target::Target;

/// The time before the first request, for the start.
const LEAD: Duration = Duration::from_millis(50);

/// The options of a flood.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The server's address
    address: SocketAddr,
    #[arg(long, default_value = "tokens")]
    dialect: Dialect,
    /// The users that sign in, in turn: NAME:PASSWORD
    #[arg(long, value_delimiter = ',', required = true)]
    users: Vec<User>,
    /// Sign-ins per second
    #[arg(long)]
    rate: f64,
    /// Refreshes per second, and as many `GET /me`
    #[arg(long)]
    trickle: f64,
    /// The number of sessions that refresh, and of sessions that send `GET /me`
    #[arg(long)]
    sessions: usize,
    /// The time before the flood in milliseconds
    #[arg(long, value_parser = milliseconds)]
    quiet: Duration,
    /// The flood in milliseconds
    #[arg(long, value_parser = milliseconds)]
    flood: Duration,
    /// The timeout of a client in milliseconds
    #[arg(long, value_parser = milliseconds)]
    give_up: Duration,
}

/// Runs the flood, and waits for the last answer.
pub(crate) async fn run(options: &Options) -> Result<Value, String> {
    let sessions = options.sessions;
    let mut credentials = sign_in(options.dialect, options.address, &options.users, sessions * 2).await?;
    let me_users = credentials.split_off(sessions);
    let me_users = me_users.into_iter().zip(options.users.iter().cycle().skip(sessions).cloned());
    let me_users = me_users.map(|(credentials, user)| (user, credentials)).collect();
    let target = Arc::new(Target::new(options.dialect, options.address, &options.users, credentials, me_users));
    let start = now() + LEAD;
    let begin = start + options.quiet;
    let end = begin + options.flood;
    let whole = Span { from: start, to: end, give_up: options.give_up };
    let load = tokio::spawn(share_of_a_core(begin, end));

    let refreshes = stream(&target, options.trickle, 1, whole, Target::refresh);
    let me = stream(&target, options.trickle, 2, whole, Target::me);
    let logins = stream(&target, options.rate, 3, Span { from: begin, ..whole }, Target::log_in);
    let [refreshes, me, logins] = [all_of(refreshes).await?, all_of(me).await?, all_of(logins).await?];

    let trickle = |sent: &[Sent]| {
        let [before, during] = [(start, begin), (begin, end)].map(|(from, to)| open_loop::report(sent, from, to));
        json!({ "before": before, "during": during })
    };
    Ok(json!({
        "flood": open_loop::report(&logins, begin, end),
        "refresh": trickle(&refreshes),
        "me": trickle(&me),
        "loadCpu": load.await.map_err(|error| error.to_string())?,
        "logins": sessions * 2 + open_loop::accepted(&logins),
        "refreshes": open_loop::accepted(&refreshes),
    }))
}

/// Sends requests of one kind at this rate.
fn stream<F>(
    target: &Arc<Target>,
    per_second: f64,
    seed: u64,
    span: Span,
    request: impl Fn(Arc<Target>, usize) -> F + Send + 'static,
) -> JoinHandle<Result<Vec<Sent>, String>>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let target = Arc::clone(target);
    tokio::spawn(async move {
        let send = move |number| request(Arc::clone(&target), number);
        open_loop::run(Schedule::new(per_second, seed), span, send).await
    })
}

async fn all_of(stream: JoinHandle<Result<Vec<Sent>, String>>) -> Result<Vec<Sent>, String> {
    stream.await.map_err(|error| error.to_string())?
}

/// The share of a core that this program takes meanwhile.
async fn share_of_a_core(from: Instant, to: Instant) -> Option<f64> {
    sleep_until(from.into()).await;
    let before = worked()?;
    sleep_until(to.into()).await;
    Some((worked()? - before).as_secs_f64() / (to - from).as_secs_f64())
}
