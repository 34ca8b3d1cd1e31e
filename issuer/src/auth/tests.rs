//! The use cases over a real store, with a clock that the test sets.

use std::{
    net::Ipv4Addr,
    num::NonZero,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use hallpass_token::{UnixSeconds, VerifyError};
use tempfile::TempDir;

use super::{logout::MAX_TOKENS, *};
use crate::{
    clock::Moment,
    commands::user::{self, Rights},
    device_token::{DeviceId, DeviceToken},
    entropy::random_id,
    hashing::{self, ConnectionGuard},
    id::SessionId,
    key_ring::{Home, KeySettings, Lives, MasterKeySource, Signing, SigningAlgorithm, Timing, Wishes},
    metrics::Metrics,
    password::Password,
    password::{CostLimit, NewPassword, Parameters},
    refresh_token::RefreshToken,
    session::{Beginning, End, Lifetimes, Refusal, Session, Transport},
    store::{Swapped, sled::SledStore},
    user::{User, Username},
};

mod authenticate;
mod check;
mod counting;
mod failure_records;
mod keys;
mod known_devices;
mod limits;
mod refresh;
mod registration;
mod sessions;
mod successes;

use counting::{Calls, CountingStore};
use limits::seconds;

const PASSWORD: &str = "examplePassword";
const HASHING: hashing::Settings = hashing::Settings {
    parameters: Parameters::FLOOR,
    workers: NonZero::<usize>::MIN,
    limit: CostLimit { memory_bytes: CostLimit::DEFAULT_MEMORY_BYTES },
    deadline: Duration::from_secs(20),
};
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

#[derive(Clone)]
struct TestClock(Arc<AtomicU64>);

impl TestClock {
    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn moment(&self) -> Moment {
        Moment::from_millis(self.now().seconds() * 1000)
    }
}

struct Fixture {
    auth: Auth,
    clock: TestClock,
    calls: Arc<Calls>,
    folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        Self::with_grace(30).await
    }

    /// In strict mode: every use of a token rotates it.
    async fn strict() -> Self {
        Self::with_grace(0).await
    }

    async fn with_grace(grace: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock(Arc::new(AtomicU64::new(1_790_000_000)));
        let store = SledStore::open(&folder.path().join("sled")).unwrap();
        let settings = Settings {
            issuer: "https://auth.example".into(),
            audience: "api".into(),
            access_ttl: 300,
            allows_registration: true,
            rules: Rules { lifetimes: Lifetimes { idle: 1000, absolute: 5000 }, grace, late_window: 600 },
        };
        let username = "exampleUser".parse().unwrap();
        user::create(&store, username, new_password(PASSWORD), Rights::default(), clock.now()).await.unwrap();
        let calls = Arc::new(Calls::default());
        let store = CountingStore { store, calls: Arc::clone(&calls) };
        let auth = auth(Arc::new(store), &clock, folder.path(), settings).await;
        Self { auth, clock, calls, folder }
    }

    async fn login(&self) -> TokenResponse {
        self.login_with("exampleUser", PASSWORD).await.unwrap()
    }

    async fn login_with(&self, username: &str, text: &str) -> Result<TokenResponse, AuthError> {
        self.auth.login(login_of(&username.parse().unwrap(), text, None, client())).await
    }

    async fn refresh(&self, token: &str) -> Result<TokenResponse, AuthError> {
        self.auth.refresh(token, Transport::Cookie, ADDRESS).await
    }

    async fn with_cookies(&self, access: Option<&str>, refresh: Option<&str>) -> Result<Authenticated, AuthError> {
        self.auth.authenticate(Presented::Cookies { access, refresh }, ADDRESS).await
    }

    async fn with_bearer(&self, token: &str) -> Result<Authenticated, AuthError> {
        self.auth.authenticate(Presented::Bearer(token), ADDRESS).await
    }

    async fn logout(&self, refresh_tokens: &[&str], access_tokens: &[&str]) {
        self.auth.logout(refresh_tokens, access_tokens, ADDRESS).await.unwrap();
    }

    /// Whether a refresh is refused for that reason.
    async fn is_over(&self, token: &str, refusal: Refusal) -> bool {
        let refreshed = self.refresh(token).await;
        matches!(refreshed, Err(AuthError::InvalidGrant(GrantFault::Session(found))) if found == refusal)
    }
}

async fn auth(store: Arc<dyn Store>, clock: &TestClock, folder: &Path, settings: Settings) -> Auth {
    let metrics = Metrics::new();
    let hashing = Hashing::start(&HASHING, metrics.hashing).unwrap();
    let wishes = Wishes {
        timing: Timing { max_age: 300, lag: 30 },
        lives: Lives { access_tokens: 300, refresh_tokens: 5000 },
        signs: true,
    };
    let key_settings = KeySettings {
        issuer: settings.issuer.clone(),
        audience: settings.audience.clone(),
        signing: Signing::Ring(SigningAlgorithm::EdDsa),
        signing_period: None,
        refresh_period: None,
        wishes,
    };
    let source = MasterKeySource::default();
    let home = Home::Folder(folder);
    let keys =
        Keeper::start(Arc::clone(&store), Box::new(clock.clone()), &source, home, key_settings, metrics.keys.clone());
    let keys = Arc::new(keys.await.unwrap());
    Auth::new(store, Box::new(clock.clone()), keys, hashing, metrics.auth, settings).unwrap()
}

/// A client that keeps its connection open.
fn client() -> Client {
    let guard = Box::leak(Box::new(ConnectionGuard::new()));
    let label = Label::of_user_agent(b"a test");
    Client { address: ADDRESS, label, connection: guard.watch(), device_tokens: Vec::new() }
}

fn login_of<'r>(username: &'r Username, text: &str, replaced: Option<&'r str>, client: Client) -> Login<'r> {
    Login { username, password: password(text), transport: Transport::Cookie, replaced, client }
}

fn password(text: &str) -> Password {
    Password::parse(text.to_owned()).unwrap()
}

fn new_password(text: &str) -> NewPassword {
    NewPassword::choose(text.to_owned(), "exampleUser").unwrap()
}

fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}
