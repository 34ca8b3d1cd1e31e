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
        self.login_with_devices(&[device_token], text).await
    }

    async fn login_with_devices(&self, device_tokens: &[&str], text: &str) -> Result<Pass, AuthError> {
        let client =
            Client { device_tokens: device_tokens.iter().map(|token| (*token).to_owned()).collect(), ..client() };
        self.auth.login(&"exampleUser".parse().unwrap(), password(text), Transport::Cookie, None, client).await
    }

    async fn user(&self) -> User {
        self.auth.store.user_named(&"exampleUser".parse().unwrap()).await.unwrap().unwrap()
    }

    /// What the user's record says of failures once nothing is under way, which is what it should say.
    async fn recorded(&self) -> u16 {
        self.auth.noted().await;
        let user = self.user().await;
        let account = self.auth.account(&user.username, Some(&user));
        if let Some(due) = self.auth.guessing.due(account) {
            assert_eq!(user.failures, due);
        }
        user.failures
    }

    async fn fail(&self) {
        let error = self.login_with("exampleUser", "wrong").await.err().unwrap();
        assert!(matches!(error, AuthError::InvalidCredentials), "{error}");
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
async fn another_device_token_beside_the_user_s_own_does_not_hide_it() {
    let fixture = Fixture::new().await;
    let own = fixture.login().await.device_token.unwrap();
    let keys = fixture.auth.keys.latest();
    let (user, issued_at, id) = (UserId(Uuid::from_u128(9)), fixture.clock.now(), DeviceId([1; 16]));
    let planted = DeviceToken { user, issued_at, id }.reveal(&keys.keys.refresh_tokens);
    for _ in 0..5 {
        fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    }
    assert_eq!(seconds(fixture.login_with_devices(&[&planted, "garbage"], PASSWORD).await), 1);
    assert!(fixture.login_with_devices(&[&planted, "garbage", &own], PASSWORD).await.is_ok());
}

#[tokio::test]
async fn failures_outlast_the_issuer_and_a_success_ends_them() {
    let fixture = Fixture::new().await;
    let epoch = fixture.user().await.credential_epoch;
    fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    assert_eq!(fixture.recorded().await, 4);
    let fixture = fixture.restarted().await;
    fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    assert_eq!(fixture.recorded().await, 10);
    // Five failures count, and so the next must wait.
    assert_eq!(seconds(fixture.login_with("exampleUser", PASSWORD).await), 1);
    let fixture = fixture.restarted().await;
    fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    assert_eq!(fixture.recorded().await, 20);
    // Eleven.
    assert_eq!(seconds(fixture.login_with("exampleUser", PASSWORD).await), 64);
    fixture.clock.advance(64);
    fixture.login().await;
    assert_eq!(fixture.recorded().await, 0);
    assert_eq!(fixture.user().await.credential_epoch, epoch);
}

#[tokio::test]
async fn a_stop_waits_until_what_was_answered_is_noted() {
    let fixture = Fixture::new().await;
    for failures in 1..=5 {
        fixture.fail().await;
        fixture.auth.noted().await;
        assert_eq!(fixture.user().await.failures, if failures < 5 { 4 } else { 10 });
    }
}

#[tokio::test]
async fn a_stop_that_waits_no_longer_leaves_notes_under_way() {
    let fixture = Fixture::new().await;
    let held = fixture.calls.hold_changes_of_users().await;
    fixture.fail().await;
    assert!(tokio::time::timeout(Duration::from_millis(50), fixture.auth.noted()).await.is_err());
    drop(held);
    assert_eq!(fixture.recorded().await, 4);
}

#[tokio::test]
async fn as_much_is_written_for_a_name_that_nobody_has_as_for_a_users() {
    let fixture = Fixture::new().await;
    for name in ["exampleUser", "nobody"] {
        let mut at = Vec::new();
        for failure in 1..=25 {
            // The longest delay.
            fixture.clock.advance(15 * 60);
            fixture.calls.take();
            fixture.login_with(name, "wrong").await.err().unwrap();
            fixture.auth.noted().await;
            at.extend((0..fixture.calls.take().1).map(|_| failure));
        }
        assert_eq!(at, [1, 5, 11, 21], "{name}");
    }
}

#[tokio::test]
async fn as_much_is_written_for_a_name_that_nobody_has_when_many_try_at_once() {
    for at_once in 1..=4 {
        for name in ["exampleUser", "nobody"] {
            let fixture = Fixture::new().await;
            fixture.calls.take();
            let attempts = (0..at_once).map(|_| fixture.login_with(name, "wrong"));
            assert!(futures_util::future::join_all(attempts).await.iter().all(Result::is_err));
            fixture.auth.noted().await;
            assert_eq!(fixture.calls.take().1, 1, "{at_once} at once at {name}");
        }
    }
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
    assert_eq!(fixture.recorded().await, 100);
    let fixture = fixture.restarted().await;
    assert_eq!(seconds(fixture.login_with("exampleUser", PASSWORD).await), 3600);
    fixture.login_known(&device, PASSWORD).await.unwrap();
    assert_eq!(fixture.recorded().await, 90);
    fixture.login().await;
    assert_eq!(fixture.recorded().await, 0);
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
async fn good_sign_ins_write_no_count_however_many_come_at_once() {
    let fixture = Fixture::new().await;
    for at_once in 1..=4 {
        fixture.calls.take();
        futures_util::future::join_all((0..at_once).map(|_| fixture.login())).await;
        assert_eq!(fixture.recorded().await, 0);
        // The sessions are written, and nothing else.
        assert_eq!(fixture.calls.take().1, at_once);
    }
}

#[tokio::test]
async fn a_success_takes_back_what_was_being_noted() {
    let fixture = Fixture::new().await;
    let held = fixture.calls.hold_changes_of_users().await;
    fixture.fail().await;
    fixture.login().await;
    drop(held);
    assert_eq!(fixture.recorded().await, 0);
}

#[tokio::test]
async fn what_fails_while_a_success_is_noted_is_noted_after_it() {
    let fixture = Fixture::new().await;
    fixture.fail().await;
    assert_eq!(fixture.recorded().await, 4);
    let held = fixture.calls.hold_changes_of_users().await;
    fixture.login().await;
    for _ in 0..4 {
        fixture.fail().await;
    }
    drop(held);
    assert_eq!(fixture.recorded().await, 4);
}

#[tokio::test]
async fn a_failure_lowers_nothing_that_another_issuer_has_counted_and_a_success_does() {
    let fixture = Fixture::new().await;
    fixture.fail().await;
    fixture.auth.noted().await;
    let user = fixture.user().await;
    fixture.auth.store.swap_user(&user, &user.with_failures(30)).await.unwrap();
    for _ in 0..4 {
        fixture.fail().await;
        fixture.auth.noted().await;
        assert_eq!(fixture.user().await.failures, 30);
    }
    fixture.clock.advance(1);
    fixture.login().await;
    assert_eq!(fixture.recorded().await, 0);
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
