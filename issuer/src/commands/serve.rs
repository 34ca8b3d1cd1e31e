//! `hallpass serve`: puts the parts together and runs them until the process is told to stop.

use std::{
    future::{self, Future},
    io,
    io::Write as _,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use hallpass_token::KeySetError;
use tokio::{sync::oneshot, time};

use crate::{
    auth::AuthSetupError,
    clock::SystemClock,
    commands::{data::DataError, user::UserError},
    hashing::HashingSetupError,
    http::{self, ApiError, Envelope, TrustedProxies, server},
    key_ring::{Hs256Secret, KeyRingError, MasterKeyText},
    metrics::LogMetrics,
    password::WeakPassword,
    store::StoreError,
    sweeper,
    user::InvalidUsername,
};

mod args;
pub(crate) mod hashing_args;
mod keys;
mod start;

pub(crate) use args::{Serve, SigningAlg};
use hashing_args::InvalidHashing;
use start::{Started, start};

/// Why the issuer could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("--issuer is required when --listen is not a loopback address: the URL at which clients reach the issuer")]
    IssuerNeeded,
    #[error("--dev requires a loopback address for --listen, and {0} is not one")]
    DevOnNetwork(SocketAddr),
    #[error("--access-ttl must be at most --idle-ttl, and --idle-ttl at most --session-ttl")]
    Lifetimes,
    #[error("--idle-ttl must be more than twice --refresh-grace, the shortest time between two renewals of a session")]
    Grace,
    #[error("--late-window must be 0, or more than twice --refresh-grace: an earlier retry is not late")]
    LateWindow,
    #[error(
        "--signing-alg HS256 requires HALLPASS_HS256_SECRET: a secret of at least 32 bytes that every verifier shares"
    )]
    SecretNeeded,
    #[error("HALLPASS_HS256_SECRET is invalid: {0}")]
    Secret(KeySetError),
    #[error(transparent)]
    Hashing(#[from] InvalidHashing),
    #[error(transparent)]
    HashingSetup(#[from] HashingSetupError),
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: SocketAddr, reason: io::Error },
    #[error("cannot make a temporary folder: {0}")]
    TemporaryFolder(io::Error),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("--key-set-max-age must be from {least:?} to 5m: verifiers trust a revoked key for as long")]
    KeySetMaxAge { least: Duration },
    #[error(
        "--key-rotation and --refresh-key-rotation must be 0 or at least {least:?}, the time in which verifiers get a new key"
    )]
    KeyRotation { least: Duration },
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    #[error(transparent)]
    Setup(#[from] AuthSetupError),
    #[error("cannot add the user of --dev: {0}")]
    DevUser(#[from] UserError),
    #[error(transparent)]
    DevUsername(#[from] InvalidUsername),
    #[error(transparent)]
    DevPassword(#[from] WeakPassword),
    #[error("the issuer stopped, because the store must be opened again: {0}")]
    Store(StoreError),
    #[error("the issuer panicked while it started; please report this bug")]
    Panicked,
    #[error("cannot print the address: {0}")]
    Output(io::Error),
    #[error("{0}")]
    Issuer(String),
}

impl ServeError {
    /// Whether the options themselves were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::IssuerNeeded
                | Self::DevOnNetwork(_)
                | Self::Lifetimes
                | Self::Grace
                | Self::LateWindow
                | Self::SecretNeeded
                | Self::Secret(_)
                | Self::Hashing(_)
                | Self::KeySetMaxAge { .. }
                | Self::KeyRotation { .. }
        ) || matches!(self, Self::Keys(KeyRingError::MasterKey(error)) if error.is_usage())
    }
}

/// How long an issuer that stops waits until the store has taken its counts of failed attempts.
const FAILURE_SYNC_TIMEOUT: Duration = Duration::from_secs(2);

/// What comes from the environment alone, never from an argument, which every user of the machine could read.
pub(crate) struct Secrets {
    pub(crate) hs256: Option<Hs256Secret>,
    pub(crate) master_key: Option<MasterKeyText>,
}

/// Runs the issuer until `shutdown` completes. Requests in flight are finished and the store is closed before it
/// returns. Told to stop while it starts, it does not wait for what it was doing: a kill does no harm there either.
pub(crate) async fn run(
    options: Serve,
    secrets: Secrets,
    log_metrics: LogMetrics,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let mut shutdown = pin!(shutdown);
    let started = tokio::select! {
        biased;
        () = &mut shutdown => {
            tracing::info!("stopped while it started");
            return Ok(());
        }
        started = start(options, secrets, log_metrics) => started?,
    };
    started.run(shutdown).await
}

impl Started {
    async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServeError> {
        let Self { options, auth, keys, metrics, store, temporary: _until_the_end, .. } = self;
        let routes = warp::service(http::routes(&auth));
        let envelope = Envelope::new(routes, self.origin, &options.allowed_origin, options.dev, metrics.http.clone());
        let proxies = Arc::new(TrustedProxies::new(options.trusted_proxy, options.trusted_proxy_hops));
        let senders = Arc::clone(&proxies);
        let refusing = envelope.clone();
        let refuse = move |error: &ApiError, address| refusing.refuse(error, address);
        let service = tower::service_fn(move |request| envelope.clone().answer(senders.with_sender(request)));
        let keep_alive_timeout = options.keep_alive_timeout;
        let admin = self.admin.map(|listener| {
            let proxies = Arc::clone(&proxies);
            let service = tower::service_fn(move |request| http::answer_admin(Arc::clone(&metrics), request));
            let refuse = |error: &ApiError, _| http::refuse_admin(error);
            tokio::spawn(server::serve(listener, service, refuse, proxies, keep_alive_timeout, future::pending()))
        });
        announce(self.address).map_err(ServeError::Output)?;
        let (of_sweeper, kept) = (Arc::clone(&store), Arc::clone(&keys));
        let sweeper = tokio::spawn(sweeper::run(of_sweeper, kept, SystemClock, self.lifetimes, sweeper::ROUND));
        let keeper = tokio::spawn(async move { keys.run().await });
        let (stop_commands, commands_stop) = oneshot::channel::<()>();
        let commands = self.commands.map(|commands| {
            // Stopped by a word, or by nobody being there to say it.
            tokio::spawn(commands.serve(store, async { drop(commands_stop.await) }))
        });
        // A store that cannot keep its promises any more must be opened again: whoever supervises the process restarts it.
        let mut failure = None;
        let stop = async {
            tokio::select! {
                () = shutdown => {}
                error = auth.store_failed() => failure = Some(error),
            }
        };
        server::serve(self.listener, service, refuse, proxies, keep_alive_timeout, stop).await;
        drop(stop_commands);
        for task in [Some(sweeper), Some(keeper), admin].into_iter().flatten() {
            task.abort();
            // It was told to end: that it was cut short is no failure.
            drop(task.await);
        }
        let commands = async {
            if let Some(commands) = commands {
                drop(commands.await);
            }
        };
        let (noted, ()) = tokio::join!(time::timeout(FAILURE_SYNC_TIMEOUT, auth.failures_saved()), commands);
        if noted.is_err() {
            tracing::warn!(
                "the store did not take all counts of failed attempts in time; the next issuer starts with older counts"
            );
        }
        tracing::info!("stopped");
        failure.map_or(Ok(()), |error| Err(ServeError::Store(error)))
    }
}

/// Tells whoever started the issuer that it is ready, and where.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "hallpass: listening on http://{address}")?;
    stdout.flush()
}
