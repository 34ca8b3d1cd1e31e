//! Attempts at a password, limited over a real store.

use super::*;
use crate::{guessing::MOST_FAILURES, user::User};

impl Fixture {
    /// The issuer starts again, over the same store.
    async fn restarted(self) -> Self {
        let auth =
            auth(Arc::clone(&self.auth.store), &self.clock, self.folder.path(), self.auth.settings.clone()).await;
        Self { auth, ..self }
    }

    async fn login_known(&self, device_token: &str, text: &str) -> Result<Pass, AuthError> {
        let client = Client { device_token: Some(device_token.to_owned()), ..client() };
        self.auth.login(&"exampleUser".parse().unwrap(), password(text), Transport::Cookie, None, client).await
    }

    async fn user(&self) -> User {
        self.auth.store.user_named(&"exampleUser".parse().unwrap()).await.unwrap().unwrap()
    }

    /// Waits until the user's record says so: it is written off the request's way.
    async fn await_record(&self, failures: u16) {
        let is_there = async {
            while self.user().await.failures != failures {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), is_there).await;
        assert!(waited.is_ok(), "the record says {} and not {failures}", self.user().await.failures);
    }

    /// Waits until nothing is written off the requests' way either: how often the store was written to.
    async fn writes_until_quiet(&self) -> usize {
        let mut writes = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            match self.calls.take() {
                (0, 0) => return writes,
                (_, more) => writes += more,
            }
        }
    }
}

fn seconds<T>(result: Result<T, AuthError>) -> u64 {
    match result {
        Err(AuthError::TooManyAttempts { seconds }) => seconds,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("admitted"),
    }
}

#[tokio::test]
async fn after_five_failures_right_and_wrong_passwords_and_unknown_names_all_wait_alike() {
    let fixture = Fixture::new().await;
    for name in ["exampleUser", "nobody"] {
        for _ in 0..5 {
            let error = fixture.login_with(name, "wrong").await.err().unwrap();
            assert!(matches!(error, AuthError::InvalidCredentials), "{error}");
        }
        for text in ["wrong", PASSWORD] {
            assert_eq!(seconds(fixture.login_with(name, text).await), 1, "{name}");
        }
    }
    fixture.clock.advance(1);
    assert!(fixture.login_with("nobody", PASSWORD).await.is_err());
    assert_eq!(seconds(fixture.login_with("nobody", PASSWORD).await), 2);
    fixture.login().await;
    assert!(matches!(fixture.login_with("exampleUser", "wrong").await, Err(AuthError::InvalidCredentials)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_attempts_at_once_five_are_tried() {
    let fixture = Arc::new(Fixture::new().await);
    let attempt = || {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move { fixture.login_with("exampleUser", "wrong").await.err().unwrap() })
    };
    let attempts: Vec<_> = (0..100).map(|_| attempt()).collect();
    let mut tried = 0;
    for attempt in attempts {
        tried += usize::from(matches!(attempt.await.unwrap(), AuthError::InvalidCredentials));
    }
    assert_eq!(tried, 5);
}

#[tokio::test]
async fn strangers_keep_no_known_device_out() {
    let fixture = Fixture::new().await;
    let device = fixture.login().await.device_token.unwrap();
    for _ in 0..5 {
        fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    }
    let next = fixture.login_known(&device, PASSWORD).await.unwrap().device_token.unwrap();
    assert_ne!(device, next, "each sign-in has a budget of its own");
    for _ in 0..10 {
        let failed = fixture.login_known(&next, "wrong").await;
        assert!(matches!(failed, Err(AuthError::InvalidCredentials)));
    }
    assert_eq!(seconds(fixture.login_known(&next, PASSWORD).await), 1);
    assert!(fixture.login_known(&device, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_device_token_that_is_garbage_run_out_or_another_user_s_is_ignored() {
    let fixture = Fixture::new().await;
    let keys = fixture.auth.keys.latest();
    let token =
        |user, issued_at| DeviceToken { user, issued_at, id: DeviceId([1; 16]) }.reveal(&keys.keys.refresh_tokens);
    let (user, now) = (fixture.user().await.id, fixture.clock.now());
    let run_out = UnixSeconds::new(now.seconds() - 400 * 24 * 3600).unwrap();
    for _ in 0..5 {
        fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    }
    for odd in ["garbage".to_owned(), token(user, run_out), token(UserId(Uuid::from_u128(9)), now)] {
        assert_eq!(seconds(fixture.login_known(&odd, PASSWORD).await), 1, "{odd}");
    }
    assert!(fixture.login_known(&token(user, now), PASSWORD).await.is_ok());
}

#[tokio::test]
async fn failures_outlast_the_issuer_and_a_success_ends_them() {
    let fixture = Fixture::new().await;
    let epoch = fixture.user().await.credential_epoch;
    fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    fixture.await_record(4).await;
    let fixture = fixture.restarted().await;
    fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    fixture.await_record(10).await;
    // Five failures count, and so the next must wait.
    assert_eq!(seconds(fixture.login_with("exampleUser", PASSWORD).await), 1);
    let fixture = fixture.restarted().await;
    fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    fixture.await_record(20).await;
    // Eleven.
    assert_eq!(seconds(fixture.login_with("exampleUser", PASSWORD).await), 64);
    fixture.clock.advance(64);
    fixture.login().await;
    fixture.await_record(0).await;
    assert_eq!(fixture.user().await.credential_epoch, epoch);
}

#[tokio::test]
async fn a_stop_waits_until_what_was_answered_is_noted() {
    let fixture = Fixture::new().await;
    for failures in 1..=5 {
        fixture.login_with("exampleUser", "wrong").await.err().unwrap();
        fixture.auth.noted().await;
        assert_eq!(fixture.user().await.failures, if failures < 5 { 4 } else { 10 });
    }
    fixture.clock.advance(1);
    fixture.login().await;
    fixture.auth.noted().await;
    assert_eq!(fixture.user().await.failures, 0);
}

#[tokio::test]
async fn as_much_is_written_for_a_name_that_nobody_has_as_for_a_users() {
    let fixture = Fixture::new().await;
    let mut written = Vec::new();
    for name in ["exampleUser", "nobody"] {
        for _ in 0..25 {
            // The longest delay.
            fixture.clock.advance(15 * 60);
            fixture.login_with(name, "wrong").await.err().unwrap();
        }
        let writes = fixture.writes_until_quiet().await;
        assert!(writes >= 2, "{name}: {writes}");
        written.push(writes);
    }
    assert_eq!(written[0], written[1]);
}

#[tokio::test]
async fn after_a_hundred_failures_only_the_owner_opens_the_account() {
    let fixture = Fixture::new().await;
    let device = fixture.login().await.device_token.unwrap();
    for _ in 0..MOST_FAILURES {
        let failed = fixture.login_with("exampleUser", "wrong").await;
        assert!(matches!(failed, Err(AuthError::InvalidCredentials)));
        fixture.clock.advance(900);
    }
    assert_eq!(seconds(fixture.login_with("exampleUser", PASSWORD).await), 3600);
    fixture.await_record(100).await;
    let fixture = fixture.restarted().await;
    assert_eq!(seconds(fixture.login_with("exampleUser", PASSWORD).await), 3600);
    fixture.login_known(&device, PASSWORD).await.unwrap();
    fixture.await_record(90).await;
    fixture.login().await;
    fixture.await_record(0).await;
}

#[tokio::test]
async fn after_a_hundred_failures_the_operator_opens_the_account() {
    let fixture = Fixture::new().await;
    let user = fixture.user().await;
    let exhausted = user.with_failures(MOST_FAILURES);
    fixture.auth.store.swap_user(&user, &exhausted).await.unwrap();
    assert_eq!(seconds(fixture.login_with("exampleUser", PASSWORD).await), 3600);
    fixture.auth.store.swap_user(&exhausted, &exhausted.enabled()).await.unwrap();
    fixture.restarted().await.login().await;
}

#[tokio::test]
async fn a_sign_in_without_failures_writes_no_count() {
    let fixture = Fixture::new().await;
    fixture.login().await;
    fixture.calls.take();
    fixture.login().await;
    tokio::task::yield_now().await;
    // The session is written, and nothing else.
    let (_, writes) = fixture.calls.take();
    assert_eq!(writes, 1);
}

#[tokio::test]
async fn sign_ins_at_once_write_no_count_either() {
    let fixture = Fixture::new().await;
    fixture.writes_until_quiet().await;
    let passes = futures_util::future::join_all((0..4).map(|_| fixture.login())).await;
    assert_eq!((fixture.writes_until_quiet().await, fixture.user().await.failures), (passes.len(), 0));
}

#[tokio::test]
async fn a_success_at_once_with_a_failure_leaves_no_count_behind() {
    let fixture = Fixture::new().await;
    for _ in 0..5 {
        // Both have read the record before either is counted. Which is hashed first, nobody knows.
        let (failed, _) = tokio::join!(fixture.login_with("exampleUser", "wrong"), fixture.login());
        assert!(matches!(failed, Err(AuthError::InvalidCredentials)));
        fixture.writes_until_quiet().await;
        let user = fixture.user().await;
        let account = fixture.auth.account(&user.username, Some(&user));
        assert_eq!(Some(user.failures), fixture.auth.guessing.record(account).map(|record| record.due));
        fixture.login().await;
        fixture.await_record(0).await;
    }
}

#[tokio::test]
async fn a_session_does_not_serve_to_guess_its_password() {
    let fixture = Fixture::new().await;
    let pass = fixture.login().await;
    for _ in 0..10 {
        let changed = fixture.change_password(&pass, "wrong", "anotherPassword").await;
        assert!(matches!(changed, Err(AuthError::WrongPassword)));
    }
    assert_eq!(seconds(fixture.change_password(&pass, PASSWORD, "anotherPassword").await), 1);
    fixture.clock.advance(1);
    fixture.change_password(&pass, PASSWORD, "anotherPassword").await.unwrap();
    assert!(fixture.login_with("exampleUser", "anotherPassword").await.is_ok());
}
