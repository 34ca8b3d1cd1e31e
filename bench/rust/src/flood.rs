//! A flood of sign-ins, with a trickle of refreshes and of `GET /me` before and during it: does it disturb those who
//! are signed in?

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

/// Time to set out in.
const LEAD: Duration = Duration::from_millis(50);

/// What it takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the server listens
    address: SocketAddr,
    #[arg(long, default_value = "tokens")]
    dialect: Dialect,
    /// Who signs in, in turn: NAME:PASSWORD
    #[arg(long, value_delimiter = ',', required = true)]
    users: Vec<User>,
    /// Sign-ins a second
    #[arg(long)]
    rate: f64,
    /// Refreshes a second, and as many `GET /me`
    #[arg(long)]
    trickle: f64,
    /// Sessions that are refreshed, and as many that ask who they are
    #[arg(long)]
    sessions: usize,
    /// Milliseconds before the flood
    #[arg(long, value_parser = milliseconds)]
    quiet: Duration,
    /// Milliseconds of the flood
    #[arg(long, value_parser = milliseconds)]
    flood: Duration,
    /// Milliseconds that a client waits for its answer
    #[arg(long, value_parser = milliseconds)]
    give_up: Duration,
}

/// Runs it, and waits for the last answer.
pub(crate) async fn run(options: &Options) -> Result<Value, String> {
    let sessions = options.sessions;
    let mut passes = sign_in(options.dialect, options.address, &options.users, sessions * 2).await?;
    let asking = passes.split_off(sessions);
    let asking = asking.into_iter().zip(options.users.iter().cycle().skip(sessions).cloned());
    let asking = asking.map(|(pass, user)| (user, pass)).collect();
    let target = Arc::new(Target::new(options.dialect, options.address, &options.users, passes, asking));
    let start = now() + LEAD;
    let begin = start + options.quiet;
    let end = begin + options.flood;
    let whole = Span { from: start, to: end, give_up: options.give_up };
    let load = tokio::spawn(share_of_a_core(begin, end));

    let refreshes = stream(&target, options.trickle, 1, whole, Target::refresh);
    let asked = stream(&target, options.trickle, 2, whole, Target::me);
    let logins = stream(&target, options.rate, 3, Span { from: begin, ..whole }, Target::log_in);
    let [refreshes, asked, logins] = [all_of(refreshes).await?, all_of(asked).await?, all_of(logins).await?];

    let trickle = |sent: &[Sent]| {
        let [before, during] = [(start, begin), (begin, end)].map(|(from, to)| open_loop::report(sent, from, to));
        json!({ "before": before, "during": during })
    };
    Ok(json!({
        "flood": open_loop::report(&logins, begin, end),
        "refresh": trickle(&refreshes),
        "me": trickle(&asked),
        "loadCpu": load.await.map_err(|error| error.to_string())?,
        "logins": sessions * 2 + open_loop::accepted(&logins),
        "refreshes": open_loop::accepted(&refreshes),
    }))
}

/// Requests of one kind, at such a rate.
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

/// How much of a core this program takes meanwhile.
async fn share_of_a_core(from: Instant, to: Instant) -> Option<f64> {
    sleep_until(from.into()).await;
    let before = worked()?;
    sleep_until(to.into()).await;
    Some((worked()? - before).as_secs_f64() / (to - from).as_secs_f64())
}
