//! The start of an issuer: everything that must be ready before the first request.

use std::{net::SocketAddr, path::Path, sync::Arc};

use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{Secrets, Serve, ServeError, keys};
use crate::{
    auth::{Auth, Settings},
    clock::{Clock as _, SystemClock},
    commands::{
        open_store,
        store_address::StoreAddress,
        user::{self, Rights},
        value_parsers::IssuerUrl,
    },
    hashing::{Hashing, Machine},
    http::Origin,
    key_ring::{Keeper, MasterKeySource},
    metrics::{HashingMetrics, LogMetrics, Metrics},
    password::NewPassword,
    session::{Lifetimes, Rules},
    store::{Store, socket},
};

/// The user of `--dev`.
const DEV_USER: (&str, &str) = ("exampleUser", "examplePassword");

/// An issuer that is ready for requests.
pub(super) struct Started {
    pub(super) options: Serve,
    pub(super) origin: Origin,
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    pub(super) admin: Option<TcpListener>,
    pub(super) auth: Arc<Auth>,
    pub(super) keys: Arc<Keeper>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) store: Arc<dyn Store>,
    pub(super) commands: Option<socket::Server>,
    pub(super) lifetimes: Lifetimes,
    pub(super) temporary: Option<TempDir>,
}

/// An open store.
struct Opened {
    store: Arc<dyn Store>,
    address: StoreAddress,
    /// The socket on which commands use the store, if there is one.
    commands: Option<socket::Server>,
    /// The folder of `--dev`, which is removed with the issuer.
    temporary: Option<TempDir>,
}

/// Starts an issuer. Long steps run on threads of their own, so that a signal can interrupt them.
pub(super) async fn start(options: Serve, secrets: Secrets, log_metrics: LogMetrics) -> Result<Started, ServeError> {
    check(&options)?;
    let hashing = options.hashing.to_settings(Machine::this())?;
    let signing = keys::signing(&options, secrets.hs256)?;
    let master_key =
        MasterKeySource { text: secrets.master_key, file: options.keys.master_key.master_key_file.clone() };
    let (listener, address) = listen(options.listen).await?;
    let admin = match options.admin_listen {
        Some(address) => Some(listen_for_metrics(address).await?),
        None => None,
    };
    let issuer = options.issuer.clone().map_or_else(|| IssuerUrl::localhost(address.port()), Ok);
    let issuer = issuer.map_err(ServeError::Issuer)?;
    let metrics = Arc::new(Metrics::new().and_of_log(&log_metrics));
    let Opened { store, address: store_address, commands, temporary } = open(&options, &metrics.hashing).await?;
    let key_settings = keys::settings(&options, &issuer, signing);
    let keys = Keeper::start(
        Arc::clone(&store),
        Box::new(SystemClock),
        &master_key,
        store_address.home(),
        key_settings,
        metrics.keys.clone(),
    );
    let keys = Arc::new(keys.await?);
    let settings = settings(&options, &issuer);
    let lifetimes = settings.rules.lifetimes;
    let hashing_metrics = metrics.hashing.clone();
    let hashing = off_thread(move || Hashing::start(&hashing, hashing_metrics)).await??;
    let clock = Box::new(SystemClock);
    let auth = Auth::new(Arc::clone(&store), clock, Arc::clone(&keys), hashing, metrics.auth.clone(), settings)?;
    let auth = Arc::new(auth);
    warn_of_plain_http(&issuer);
    Ok(Started {
        options,
        origin: issuer.origin,
        listener,
        address,
        admin,
        auth,
        keys,
        metrics,
        store,
        commands,
        lifetimes,
        temporary,
    })
}

/// Warns an operator who did not set `--issuer` behind a proxy.
fn warn_of_plain_http(issuer: &IssuerUrl) {
    if !issuer.origin.is_https() {
        tracing::warn!(
            issuer = issuer.url,
            "for development only: the issuer's URL is plain http, so cookies have neither Secure nor the prefix __Host-; \
             set --issuer to the https URL in a deployment"
        );
    }
}

async fn open(options: &Serve, hashing: &HashingMetrics) -> Result<Opened, ServeError> {
    let temporary = options.dev.then(TempDir::new).transpose().map_err(ServeError::TemporaryFolder)?;
    let address = match &temporary {
        Some(folder) => StoreAddress::Folder(folder.path().to_owned()),
        None => options.store.address.store.clone(),
    };
    let (store, commands): (Arc<dyn Store>, _) = match &address {
        StoreAddress::Folder(folder) => {
            let hashing = hashing.clone();
            let store = open_store::lock_folder(folder).await?.sharing_syncs_when(move || hashing.has_queue());
            (Arc::new(store), bind_for_commands(folder))
        }
        StoreAddress::Postgres(address) => {
            let connections = options.store.store_connections.get().into();
            (open_store::open_database(address, connections).await?, None)
        }
    };
    if options.dev {
        add_dev_user(&*store).await?;
    }
    Ok(Opened { store, address, commands, temporary })
}

/// Runs blocking work that cannot be canceled.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ServeError::Panicked)
}

/// The socket on which commands use the store. The issuer also runs without it, since sign-ins matter more.
fn bind_for_commands(folder: &Path) -> Option<socket::Server> {
    let bound = socket::Server::bind(folder, socket::Limits::default());
    bound
        .inspect_err(|error| {
            tracing::warn!(%error, "cannot make the socket, so commands cannot use the store while this issuer runs");
        })
        .ok()
}

async fn listen_for_metrics(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let (listener, address) = listen(address).await?;
    tracing::info!("metrics on http://{address}/metrics");
    Ok(listener)
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |reason| ServeError::Listen { address, reason };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn check(options: &Serve) -> Result<(), ServeError> {
    if options.dev && !options.listen.ip().is_loopback() {
        return Err(ServeError::DevOnNetwork(options.listen));
    }
    if options.issuer.is_none() && !options.listen.ip().is_loopback() {
        return Err(ServeError::IssuerNeeded);
    }
    let idle = options.lifetimes.idle_ttl;
    if !(options.access_ttl <= idle && idle <= options.lifetimes.session_ttl) {
        return Err(ServeError::Lifetimes);
    }
    let twice_grace = 2 * options.refresh_grace;
    if idle <= twice_grace {
        return Err(ServeError::Grace);
    }
    if !options.late_window.is_zero() && options.late_window <= twice_grace {
        return Err(ServeError::LateWindow);
    }
    keys::check(options)
}

fn settings(options: &Serve, issuer: &IssuerUrl) -> Settings {
    Settings {
        issuer: issuer.url.clone(),
        audience: options.audience.clone(),
        access_ttl: options.access_ttl.as_secs(),
        allows_registration: options.allow_registration,
        rules: Rules {
            lifetimes: options.lifetimes.to_lifetimes(),
            grace: options.refresh_grace.as_secs(),
            late_window: options.late_window.as_secs(),
        },
    }
}

async fn add_dev_user(store: &dyn Store) -> Result<(), ServeError> {
    let (username, password) = DEV_USER;
    let password = NewPassword::choose(password.to_owned(), username)?;
    user::create(store, username.parse()?, password, Rights::default(), SystemClock.now()).await?;
    tracing::warn!("--dev: every user of this machine can sign in as exampleUser / examplePassword");
    tracing::warn!("--dev: users and sessions are in a temporary folder, which is removed at the end");
    Ok(())
}
