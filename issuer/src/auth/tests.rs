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

#[tokio::test]
async fn an_access_token_is_valid_until_it_expires() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    assert_eq!((tokens.expires_in, tokens.session_expires_in), (300, 1000));
    let authenticated = fixture.with_bearer(&tokens.access_token).await;
    assert!(matches!(authenticated, Ok(Authenticated::Known(identity)) if identity.username.as_str() == "exampleUser"));
    fixture.clock.advance(300);
    let authenticated = fixture.with_bearer(&tokens.access_token).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::Token(VerifyError::Expired)))));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let fixture = Fixture::new().await;
    for (username, password) in [("exampleUser", "wrong"), ("nobody", PASSWORD)] {
        let error = fixture.login_with(username, password).await.err().unwrap();
        assert!(matches!(error, AuthError::InvalidCredentials), "{error}");
    }
}

#[tokio::test]
async fn any_genuine_token_of_a_session_ends_it() {
    let fixture = Fixture::new().await;
    for kind in ["old refresh token", "expired access token"] {
        let first = fixture.login().await;
        let second = fixture.refresh(&first.refresh_token).await.unwrap();
        fixture.clock.advance(400);
        match kind {
            "old refresh token" => fixture.logout(&[&first.refresh_token], &[]).await,
            _ => fixture.logout(&[], &[&first.access_token]).await,
        }
        assert!(fixture.is_over(&second.refresh_token, Refusal::Ended(End::SignedOut)).await, "{kind}");
    }
}

#[tokio::test]
async fn a_sign_out_reads_the_sessions_of_all_its_tokens_at_once() {
    let fixture = Fixture::new().await;
    let mut refresh_tokens = Vec::new();
    let mut access_tokens = Vec::new();
    for _ in 0..4 {
        let tokens = fixture.login().await;
        refresh_tokens.push(tokens.refresh_token.to_string());
        access_tokens.push(fixture.login().await.access_token);
    }
    let of_one_key = |text: &String| format!("{}AAAA{}", &text[..5], &text[9..]);
    let bogus = refresh_tokens.iter().map(of_one_key).collect::<Vec<_>>();
    let refresh: Vec<&str> = refresh_tokens.iter().chain(&bogus).chain(&refresh_tokens).map(String::as_str).collect();
    let access: Vec<&str> = access_tokens.iter().map(String::as_str).collect();
    fixture.calls.take();
    fixture.logout(&refresh, &access).await;
    assert_eq!(fixture.calls.take(), (1, 8));
    // Ended sessions are read and not written.
    fixture.logout(&refresh, &access).await;
    assert_eq!(fixture.calls.take(), (1, 0));
    let too_many = [refresh[0]; MAX_TOKENS + 1];
    let refused = fixture.auth.logout(&too_many, &[], ADDRESS).await;
    assert!(matches!(refused, Err(AuthError::TooManyTokens)));
    assert_eq!(fixture.calls.take(), (0, 0));
}

#[tokio::test]
async fn all_sessions_of_a_user_end_with_one_read_of_them() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    for _ in 0..5 {
        fixture.login().await;
    }
    fixture.calls.take();
    fixture.auth.end_all_own(&tokens.identity, ADDRESS).await.unwrap();
    assert_eq!(fixture.calls.take(), (2, 6));
}

#[tokio::test]
async fn a_forged_token_ends_no_session() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    let refresh_token = format!("{}x", &*tokens.refresh_token);
    let access_token = tampered(&tokens.access_token);
    fixture.logout(&[&refresh_token, "garbage"], &[&access_token, "garbage"]).await;
    assert!(fixture.refresh(&tokens.refresh_token).await.is_ok());
}

#[tokio::test]
async fn an_access_token_is_refused_as_soon_as_its_session_has_ended() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    fixture.logout(&[&tokens.refresh_token], &[]).await;
    let authenticated = fixture.with_bearer(&tokens.access_token).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::SessionOver))));
}

#[tokio::test]
async fn a_sign_in_ends_the_session_that_it_replaces() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    let replaced = Some(first.refresh_token.as_str());
    let username = "exampleUser".parse().unwrap();
    let login = fixture.auth.login(login_of(&username, PASSWORD, replaced, client()));
    let second = login.await.unwrap();
    assert!(fixture.is_over(&first.refresh_token, Refusal::Ended(End::Replaced)).await);
    assert!(fixture.refresh(&second.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_missing_or_expired_access_cookie_is_renewed_with_the_answer() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    let authenticated = fixture.with_cookies(None, Some(&first.refresh_token)).await;
    let Ok(Authenticated::Renewed(second)) = authenticated else { panic!("not renewed") };
    fixture.clock.advance(300);
    let authenticated = fixture.with_cookies(Some(&second.access_token), Some(&second.refresh_token)).await;
    assert!(matches!(authenticated, Ok(Authenticated::Renewed(_))));
}

#[tokio::test]
async fn a_tampered_access_cookie_is_never_renewed() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    let authenticated = fixture.with_cookies(Some(&tampered(&tokens.access_token)), Some(&tokens.refresh_token)).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::Token(VerifyError::Signature)))));
    assert!(fixture.refresh(&tokens.refresh_token).await.is_ok());
}

#[tokio::test]
async fn cookies_of_an_ended_session_are_no_credentials() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    fixture.logout(&[&tokens.refresh_token], &[]).await;
    let authenticated = fixture.with_cookies(None, Some(&tokens.refresh_token)).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::SessionOver))));
    assert!(matches!(fixture.with_cookies(None, None).await, Err(AuthError::NoCredentials)));
}
