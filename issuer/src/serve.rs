//! `hallpass serve`: puts the parts together and runs them until the process is told to stop.

use std::{
    future::{self, Future},
    io,
    io::Write as _,
    net::SocketAddr,
    num::NonZero,
    sync::Arc,
};

use hallpass_token::{KeySetError, Signer};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::Layer as _;

use crate::{
    auth::{Auth, AuthSetupError, Settings},
    cli::{InvalidHashing, IssuerUrl, Serve, SigningAlg},
    clock::{Clock as _, SystemClock},
    data::{self, DataError, StoreAddress},
    hashing::{Hashing, HashingSetupError, Machine},
    http::{self, Envelope, TrustedProxies, server},
    keys::{Hs256Secret, Keys, MasterKey, MasterKeyError},
    metrics::Metrics,
    password::{NewPassword, WeakPassword},
    session::Rules,
    store::{Store, StoreError},
    sweeper,
    user::InvalidUsername,
    users::{self, Rights, UsersError},
};

/// The user of `--dev`.
const DEV_USER: (&str, &str) = ("exampleUser", "examplePassword");

/// Why the issuer could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(
        "--issuer is needed where --listen is not a loopback address: the URL under which clients reach the issuer"
    )]
    IssuerNeeded,
    #[error("--dev is for a laptop: it listens on a loopback address only, and {0} is none")]
    DevOnNetwork(SocketAddr),
    #[error("--access-ttl must be at most --idle-ttl, and --idle-ttl at most --session-ttl")]
    Lifetimes,
    #[error("--idle-ttl must be more than twice --refresh-grace: a session cannot be renewed again before")]
    Grace,
    #[error("--late-window must be 0 or more than twice --refresh-grace: a retry within that is no late one")]
    LateWindow,
    #[error(
        "--signing-alg HS256 needs its secret in HALLPASS_HS256_SECRET: at least 32 bytes, shared with every verifier"
    )]
    SecretNeeded,
    #[error("HALLPASS_HS256_SECRET cannot be used: {0}")]
    Secret(KeySetError),
    #[error(
        "a store that issuers share needs the key that they share: HALLPASS_MASTER_KEY, 32 random bytes in base64url"
    )]
    MasterKeyNeeded,
    #[error("HALLPASS_MASTER_KEY cannot be used: {0}")]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Hashing(#[from] InvalidHashing),
    #[error(transparent)]
    HashingSetup(#[from] HashingSetupError),
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: SocketAddr, reason: io::Error },
    #[error("no temporary folder can be made: {0}")]
    TemporaryFolder(io::Error),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Setup(#[from] AuthSetupError),
    #[error("the user of --dev cannot be added: {0}")]
    DevUser(#[from] UsersError),
    #[error(transparent)]
    DevUsername(#[from] InvalidUsername),
    #[error(transparent)]
    DevPassword(#[from] WeakPassword),
    #[error("the store must be opened again, so the issuer stopped: {0}")]
    Store(StoreError),
    #[error("the address cannot be printed: {0}")]
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
                | Self::MasterKeyNeeded
                | Self::MasterKey(_)
                | Self::Hashing(_)
        )
    }
}

/// Runs the issuer until `shutdown` completes. Requests in flight are finished and the store is closed before it
/// returns.
pub(crate) async fn run(
    options: Serve,
    hs256_secret: Option<Hs256Secret>,
    master_key: Option<MasterKey>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    check(&options)?;
    let hashing = options.hashing.to_settings(Machine::this())?;
    let shared_signer = shared_signer(&options, hs256_secret.as_ref())?;
    let (listener, address) = listen(options.listen).await?;
    let admin = match options.admin_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let issuer = match options.issuer.clone() {
        Some(issuer) => issuer,
        None => IssuerUrl::localhost(address.port()).map_err(ServeError::Issuer)?,
    };
    let temporary = options.dev.then(TempDir::new).transpose().map_err(ServeError::TemporaryFolder)?;
    let temporary_address = temporary.as_ref().map(|folder| StoreAddress::Folder(folder.path().to_owned()));
    let store_address = temporary_address.as_ref().unwrap_or(&options.store.address.store);
    let (store, keys) = open(store_address, options.store.store_connections, master_key.as_ref()).await?;
    let signer = match (shared_signer, options.signing_alg) {
        (Some(shared_signer), _) => shared_signer,
        (None, SigningAlg::Es256) => keys.es256_signer,
        (None, SigningAlg::EdDsa | SigningAlg::Hs256) => keys.ed25519_signer,
    };
    if options.dev {
        add_dev_user(&*store).await?;
    }
    let settings = settings(&options, &issuer);
    let sweeper = sweeper::run(Arc::clone(&store), SystemClock, settings.rules.lifetimes, sweeper::ROUND);
    let metrics = Arc::new(Metrics::new());
    let hashing = Hashing::start(&hashing, metrics.hashing.clone())?;
    let clock = Box::new(SystemClock);
    let auth = Auth::new(store, clock, signer, keys.refresh_token, hashing, metrics.auth.clone(), settings)?;
    let auth = Arc::new(auth);
    let routes = warp::service(http::routes(&auth));
    let envelope = Envelope::new(routes, issuer.origin, &options.allowed_origin, metrics.http.clone());
    let proxies = Arc::new(TrustedProxies::new(options.trusted_proxy));
    let service = tower::service_fn(move |request| envelope.clone().answer(proxies.with_sender(request)));
    let service = http::cors(&options.allowed_origin).layer(service);
    let admin = admin.map(|(listener, address)| {
        tracing::info!("metrics on http://{address}/metrics");
        let service = tower::service_fn(move |request| http::answer_admin(Arc::clone(&metrics), request));
        tokio::spawn(server::serve(listener, service, future::pending()))
    });
    announce(address).map_err(ServeError::Output)?;
    let sweeper = tokio::spawn(sweeper);
    // A store that cannot keep its promises any more must be opened again: whoever supervises the process restarts it.
    let mut failure = None;
    let stop = async {
        tokio::select! {
            () = shutdown => {}
            error = auth.store_failed() => failure = Some(error),
        }
    };
    server::serve(listener, service, stop).await;
    if let Some(admin) = admin {
        admin.abort();
    }
    sweeper.abort();
    // It was told to end: that it was cut short is no failure.
    drop(sweeper.await);
    tracing::info!("stopped");
    failure.map_or(Ok(()), |error| Err(ServeError::Store(error)))
}

/// Opens the store and its keys. A database that others share keeps no key in the clear: it needs the one that all its
/// issuers know.
async fn open(
    address: &StoreAddress,
    connections: NonZero<u16>,
    master_key: Option<&MasterKey>,
) -> Result<(Arc<dyn Store>, Keys), ServeError> {
    match address {
        StoreAddress::Folder(folder) => {
            let (store, keys) = data::open_folder(folder)?;
            Ok((Arc::new(store), keys))
        }
        StoreAddress::Postgres(address) => {
            let keys = master_key.ok_or(ServeError::MasterKeyNeeded)?.keys()?;
            Ok((data::open_database(address, connections.get().into()).await?, keys))
        }
    }
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
    let (idle, settled_after) = (options.lifetimes.idle_ttl, 2 * options.refresh_grace);
    if !(options.access_ttl <= idle && idle <= options.lifetimes.session_ttl) {
        return Err(ServeError::Lifetimes);
    }
    if idle <= settled_after {
        return Err(ServeError::Grace);
    }
    if !options.late_window.is_zero() && options.late_window <= settled_after {
        return Err(ServeError::LateWindow);
    }
    Ok(())
}

/// The signer over a shared secret, where the options ask for one.
fn shared_signer(options: &Serve, secret: Option<&Hs256Secret>) -> Result<Option<Signer>, ServeError> {
    match (options.signing_alg, secret) {
        (SigningAlg::EdDsa | SigningAlg::Es256, _) => Ok(None),
        (SigningAlg::Hs256, Some(secret)) => secret.signer().map(Some).map_err(ServeError::Secret),
        (SigningAlg::Hs256, None) => Err(ServeError::SecretNeeded),
    }
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
    users::create(store, username.parse()?, password, Rights::default(), SystemClock.now()).await?;
    tracing::warn!("--dev: anybody on this machine can sign in as exampleUser / examplePassword");
    tracing::warn!("--dev: users and sessions are in a temporary folder and are lost at the end");
    Ok(())
}

/// Tells whoever started the issuer that it is ready, and where.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "hallpass: listening on http://{address}")?;
    stdout.flush()
}
