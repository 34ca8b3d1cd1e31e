//! Attempts of unknown devices at a password, limited over a real store.

use super::*;
use crate::{
    login_throttle::MAX_UNKNOWN,
    user::{Failures, User},
};

impl Fixture {
    /// The issuer restarts over the same store.
    pub(super) async fn restarted(self) -> Self {
        let auth =
            auth(Arc::clone(&self.auth.store), &self.clock, self.folder.path(), self.auth.settings.clone()).await;
        Self { auth, ..self }
    }

    pub(super) async fn login_known(&self, device_token: &str, text: &str) -> Result<TokenResponse, AuthError> {
        self.login_with_devices(&[device_token], text).await
    }

    pub(super) async fn login_with_devices(
        &self,
        device_tokens: &[&str],
        text: &str,
    ) -> Result<TokenResponse, AuthError> {
        let client =
            Client { device_tokens: device_tokens.iter().map(|token| (*token).to_owned()).collect(), ..client() };
        self.auth.login(login_of(&"exampleUser".parse().unwrap(), text, None, client)).await
    }

    pub(super) async fn user(&self) -> User {
        self.auth.store.user_named(&"exampleUser".parse().unwrap()).await.unwrap().unwrap()
    }

    /// The failures in the user's record once no write runs. They match the count.
    pub(super) async fn recorded(&self) -> Failures {
        self.auth.failures_saved().await;
        let user = self.user().await;
        let account = self.auth.login_throttle.counts.account(&user.username, Some(&user));
        if let Some(due) = self.auth.login_throttle.counts.due(account) {
            assert_eq!(user.failures, due);
        }
        user.failures
    }

    /// The failures of unknown devices in the user's record.
    pub(super) async fn recorded_unknown(&self) -> u16 {
        self.recorded().await.unknown
    }

    pub(super) async fn fail(&self) {
        let error = self.login_with("exampleUser", "wrong").await.err().unwrap();
        assert!(matches!(error, AuthError::InvalidCredentials), "{error}");
    }
}

impl AuthError {
    pub(super) fn is_wrong(&self) -> bool {
        matches!(self, Self::InvalidCredentials)
    }
}

pub(super) fn seconds<T>(result: Result<T, AuthError>) -> u64 {
    match result {
        Err(AuthError::TooManyAttempts { seconds }) => seconds,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("admitted"),
    }
}

#[tokio::test]
async fn after_five_failures_right_and_wrong_passwords_and_unknown_names_wait_the_same_time() {
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
    // The success took back only its own charge.
    assert!(matches!(fixture.login_with("exampleUser", "wrong").await, Err(AuthError::InvalidCredentials)));
    assert_eq!(seconds(fixture.login_with("exampleUser", "wrong").await), 2);
}

#[tokio::test]
async fn a_refusal_for_too_many_attempts_reads_no_store() {
    let fixture = Fixture::new().await;
    for name in ["exampleUser", "nobody"] {
        while fixture.login_with(name, "wrong").await.err().is_some_and(|error| error.is_wrong()) {}
    }
    let refusals = async |limit| {
        fixture.auth.failures_saved().await;
        for name in ["exampleUser", "nobody", "another"].into_iter().take(limit) {
            fixture.calls.take();
            seconds(fixture.login_with(name, PASSWORD).await);
            assert_eq!(fixture.calls.take(), (0, 0), "{name}");
        }
    };
    refusals(2).await;
    for name in 0.. {
        if !fixture.login_with(&format!("name{name}"), "wrong").await.err().unwrap().is_wrong() {
            break;
        }
    }
    refusals(3).await;
}

#[tokio::test]
async fn an_attempt_reads_the_store_once_for_any_name() {
    let fixture = Fixture::new().await;
    for name in ["exampleUser", "nobody"] {
        fixture.calls.take();
        fixture.login_with(name, "wrong").await.err().unwrap();
        // The other two are reads of the write in the background.
        fixture.auth.failures_saved().await;
        assert_eq!(fixture.calls.take().0, 3, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_attempts_at_once_five_are_compared() {
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
async fn after_a_restart_no_delay_reveals_which_names_exist() {
    let fixture = Fixture::new().await;
    let fixture = {
        for name in ["exampleUser", "nobody"] {
            for _ in 0..20 {
                fixture.clock.advance(900);
                fixture.login_with(name, "wrong").await.err().unwrap();
            }
        }
        fixture.auth.failures_saved().await;
        fixture.restarted().await
    };
    for name in ["exampleUser", "nobody"] {
        for _ in 0..5 {
            assert!(fixture.login_with(name, "wrong").await.err().unwrap().is_wrong(), "{name}");
        }
        assert_eq!(seconds(fixture.login_with(name, "wrong").await), 1, "{name}");
    }
}

#[tokio::test]
async fn after_sixty_failures_unknown_devices_are_refused_until_the_owner_signs_in() {
    let fixture = Fixture::new().await;
    let device = fixture.login().await.device_token.unwrap();
    for name in ["exampleUser", "nobody"] {
        for _ in 0..=MAX_UNKNOWN {
            assert!(fixture.login_with(name, "wrong").await.err().unwrap().is_wrong());
            fixture.clock.advance(900);
        }
        assert!(fixture.login_with(name, PASSWORD).await.err().unwrap().is_wrong());
    }
    assert_eq!(fixture.recorded_unknown().await, 60);
    let fixture = fixture.restarted().await;
    assert!(fixture.login_with("exampleUser", PASSWORD).await.err().unwrap().is_wrong());
    fixture.login_known(&device, PASSWORD).await.unwrap();
    assert_eq!(fixture.recorded_unknown().await, 50);
    fixture.login().await;
    assert_eq!(fixture.recorded_unknown().await, 0);
}

#[tokio::test]
async fn after_too_many_failures_the_operator_can_enable_the_account() {
    let fixture = Fixture::new().await;
    fixture.put(|user| user.with_failures(Failures { unknown: MAX_UNKNOWN, known: 0 })).await;
    assert!(fixture.login_with("exampleUser", PASSWORD).await.err().unwrap().is_wrong());
    fixture.put(User::enabled).await;
    fixture.login().await;
}

/// A build of commit 4da7e9b counted up to a hundred, and knew no failures of known devices.
#[tokio::test]
async fn a_record_beyond_the_limit_counts_as_at_the_limit() {
    let fixture = Fixture::new().await;
    fixture.put(|user| user.with_failures(Failures { unknown: 100, known: 0 })).await;
    assert!(fixture.login_with("exampleUser", PASSWORD).await.err().unwrap().is_wrong());
    let fixture = fixture.restarted().await;
    assert!(fixture.login_with("exampleUser", PASSWORD).await.err().unwrap().is_wrong());
}
