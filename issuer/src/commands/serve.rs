//! `hallpass serve`: assembles the parts of the issuer, and runs them until the stop signal.

use std::{
    future::Future,
    io::{self, Write as _},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use hallpass_token::KeySetError;

use crate::{
    auth::AuthSetupError,
    clock::SystemClock,
    commands::{open_store::OpenStoreError, user::UserError},
    hashing::HashingSetupError,
    http::{self, Envelope, TrustedProxies},
    key_ring::{Hs256Secret, KeyRingError, MasterKeyText},
    metrics::LogMetrics,
    password::WeakPassword,
    store::StoreError,
    sweeper,
    user::InvalidUsername,
};

mod args;
mod hashing_args;
mod keys;
mod listeners;
mod shutdown;
mod start;

pub(crate) use args::{Serve, SigningAlg};
use hashing_args::InvalidHashing;
use listeners::Connections;
use shutdown::CommandServer;
use start::{Started, start};

/// Why the issuer did not start, or stopped.
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
    Open(#[from] OpenStoreError),
    #[error("--key-set-max-age must be from {min:?} to 5m: verifiers trust a revoked key for as long")]
    KeySetMaxAge { min: Duration },
    #[error(
        "--key-rotation and --refresh-key-rotation must be 0 or at least {min:?}, the time in which verifiers get a new key"
    )]
    KeyRotation { min: Duration },
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
    /// Whether the options are invalid.
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

/// The secrets from the environment.
pub(crate) struct Secrets {
    pub(crate) hs256: Option<Hs256Secret>,
    pub(crate) master_key: Option<MasterKeyText>,
}

/// Runs the issuer until `shutdown` completes, finishes the requests in flight, and closes the store. A shutdown during the
/// start does not wait for the start, which may be killed at any time.
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
    /// Serves until `shutdown` completes or the store fails, then stops each task and writes what is pending.
    async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServeError> {
        let Self { options, auth, keys, metrics, store, temporary: _until_the_end, .. } = self;
        let routes = warp::service(http::routes(&auth));
        let envelope = Envelope::new(routes, self.origin, &options.allowed_origin, options.dev, metrics.http.clone());
        let connections = Connections {
            proxies: Arc::new(TrustedProxies::new(options.trusted_proxy, options.trusted_proxy_hops)),
            keep_alive_timeout: options.keep_alive_timeout,
        };
        let admin =
            self.admin.map(|listener| tokio::spawn(listeners::serve_metrics(listener, metrics, connections.clone())));
        announce(self.address).map_err(ServeError::Output)?;
        let sweeper = sweeper::run(Arc::clone(&store), Arc::clone(&keys), SystemClock, self.lifetimes, sweeper::ROUND);
        let sweeper = tokio::spawn(sweeper);
        let keeper = tokio::spawn(async move { keys.run().await });
        let commands = self.commands.map(|server| CommandServer::start(server, store));
        // A failed store must be opened again: the issuer stops, and its supervisor restarts it.
        let mut failure = None;
        let stop = async {
            tokio::select! {
                () = shutdown => {}
                error = auth.store_failed() => failure = Some(error),
            }
        };
        listeners::serve_api(self.listener, envelope, connections, stop).await;
        shutdown::abort([Some(sweeper), Some(keeper), admin].into_iter().flatten()).await;
        tokio::join!(shutdown::sync_failures(&auth), shutdown::stop_commands(commands));
        tracing::info!("stopped");
        failure.map_or(Ok(()), |error| Err(ServeError::Store(error)))
    }
}

/// Prints that the issuer is ready, and its address, for the process that started it.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "hallpass: listening on http://{address}")?;
    stdout.flush()
}
