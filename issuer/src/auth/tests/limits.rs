//! Attempts at a password, limited over a real store.

use super::*;
use crate::{
    login_throttle::MAX_UNKNOWN,
    user::{CredentialEpoch, Failures, User},
};

impl Fixture {
    /// The issuer starts again, over the same store.
    async fn restarted(self) -> Self {
        let auth =
            auth(Arc::clone(&self.auth.store), &self.clock, self.folder.path(), self.auth.settings.clone()).await;
        Self { auth, ..self }
    }

    async fn login_known(&self, device_token: &str, text: &str) -> Result<TokenResponse, AuthError> {
        self.login_with_devices(&[device_token], text).await
    }

    async fn login_with_devices(&self, device_tokens: &[&str], text: &str) -> Result<TokenResponse, AuthError> {
        let client =
            Client { device_tokens: device_tokens.iter().map(|token| (*token).to_owned()).collect(), ..client() };
        self.auth.login(&"exampleUser".parse().unwrap(), password(text), Transport::Cookie, None, client).await
    }

    async fn user(&self) -> User {
        self.auth.store.user_named(&"exampleUser".parse().unwrap()).await.unwrap().unwrap()
    }

    /// What the user's record says of failures once nothing is under way, which is what it should say.
    async fn recorded(&self) -> Failures {
        self.auth.noted().await;
        let user = self.user().await;
        let account = self.auth.login_throttle.counts.account(&user.username, Some(&user));
        if let Some(due) = self.auth.login_throttle.counts.due(account) {
            assert_eq!(user.failures, due);
        }
        user.failures
    }

    /// The same of unknown devices.
    async fn recorded_unknown(&self) -> u16 {
        self.recorded().await.unknown
    }

    async fn fail(&self) {
        let error = self.login_with("exampleUser", "wrong").await.err().unwrap();
        assert!(matches!(error, AuthError::InvalidCredentials), "{error}");
    }
}

impl AuthError {
    fn is_wrong(&self) -> bool {
        matches!(self, Self::InvalidCredentials)
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
    // The success took back what it cost, and nothing else.
    assert!(matches!(fixture.login_with("exampleUser", "wrong").await, Err(AuthError::InvalidCredentials)));
    assert_eq!(seconds(fixture.login_with("exampleUser", "wrong").await), 2);
}

#[tokio::test]
async fn what_is_refused_for_its_number_is_refused_before_the_store_is_asked() {
    let fixture = Fixture::new().await;
    for name in ["exampleUser", "nobody"] {
        while fixture.login_with(name, "wrong").await.err().is_some_and(|error| error.is_wrong()) {}
    }
    let refusals = async |limit| {
        fixture.auth.noted().await;
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
async fn an_attempt_reads_the_store_once_whatever_the_name() {
    let fixture = Fixture::new().await;
    for name in ["exampleUser", "nobody"] {
        fixture.calls.take();
        fixture.login_with(name, "wrong").await.err().unwrap();
        // The other one is that of the note, off the request's way.
        fixture.auth.noted().await;
        assert_eq!(fixture.calls.take().0, 3, "{name}");
    }
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
async fn unknown_devices_keep_no_known_one_out() {
    let fixture = Fixture::new().await;
    let device = fixture.login().await.device_token.unwrap();
    for _ in 0..5 {
        fixture.fail().await;
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
async fn a_sign_in_on_a_known_device_changes_nothing_for_unknown_ones() {
    let fixture = Fixture::new().await;
    let device = fixture.login().await.device_token.unwrap();
    for _ in 0..5 {
        fixture.fail().await;
    }
    let before = seconds(fixture.login_with("exampleUser", "wrong").await);
    fixture.login_known(&device, PASSWORD).await.unwrap();
    assert_eq!(seconds(fixture.login_with("exampleUser", "wrong").await), before);
}

impl Fixture {
    /// Whether a device is known: an unknown one has to wait.
    async fn knows(&self, device_token: &str) -> bool {
        for _ in 0..10 {
            drop(self.login_with("exampleUser", "wrong").await);
        }
        match self.login_known(device_token, "wrong").await.err().unwrap() {
            AuthError::InvalidCredentials => true,
            AuthError::TooManyAttempts { .. } => false,
            error => panic!("{error}"),
        }
    }

    async fn put(&self, change: impl Fn(&User) -> User) {
        self.auth.noted().await;
        let user = self.user().await;
        self.auth.store.swap_user(&user, &change(&user)).await.unwrap();
    }
}

#[tokio::test]
async fn a_device_token_ends_with_the_password_and_with_its_user_and_not_with_a_pardon() {
    let fixture = Fixture::new().await;
    let device = fixture.login().await.device_token.unwrap();
    assert!(fixture.knows(&device).await);
    fixture.put(User::enabled).await;
    assert!(fixture.knows(&device).await);
    let fixture = fixture.restarted().await;
    assert!(fixture.knows(&device).await);
    // As `user passwd` does.
    fixture.put(|user| user.with_password(user.password.clone())).await;
    assert!(!fixture.knows(&device).await);
    fixture.clock.advance(100_000);
    let device = fixture.login().await.device_token.unwrap();
    assert!(fixture.knows(&device).await);
    fixture.put(User::disabled).await;
    fixture.put(User::enabled).await;
    assert!(!fixture.knows(&device).await);
    fixture.clock.advance(100_000);
    let device = fixture.login().await.device_token.unwrap();
    fixture.auth.noted().await;
    let user = fixture.user().await;
    fixture.auth.store.remove_user(&user).await.unwrap();
    fixture.auth.store.add_user(&User { id: UserId(Uuid::from_u128(9)), ..user }).await.unwrap();
    assert!(!fixture.knows(&device).await);
}

#[tokio::test]
async fn a_user_who_changes_their_password_on_a_known_device_gets_a_new_token_for_it() {
    let fixture = Fixture::new().await;
    let pass = fixture.login().await;
    let device = pass.device_token.clone().unwrap();
    let identity = fixture.identity(&pass).await;
    let change = async |device_token: Option<&str>, current: &str, new: &str| {
        let client = Client { device_tokens: device_token.map(str::to_owned).into_iter().collect(), ..client() };
        fixture.auth.change_password(&identity, password(current), new_password(new), &client).await.unwrap()
    };
    assert_eq!(change(None, PASSWORD, "anotherPassword").await, None);
    assert_eq!(change(Some(&device), "anotherPassword", "thirdPassword").await, None, "it was of the first password");
    let device = fixture.login_with("exampleUser", "thirdPassword").await.unwrap().device_token.unwrap();
    let next = change(Some(&device), "thirdPassword", "fourthPassword").await.unwrap();
    assert!(fixture.knows(&next).await && !fixture.knows(&device).await);
}

#[tokio::test]
async fn known_devices_have_forty_failures_together_which_outlast_the_issuer() {
    let mut fixture = Fixture::new().await;
    let mut devices = Vec::new();
    for _ in 0..60 {
        devices.push(fixture.login().await.device_token.unwrap());
    }
    let mut tried = 0;
    for (number, device) in devices.iter().enumerate() {
        if number == 2 {
            fixture.auth.noted().await;
            fixture = fixture.restarted().await;
        }
        for _ in 0..10 {
            let failed = fixture.login_known(device, "wrong").await.err().unwrap();
            tried += usize::from(failed.is_wrong() && fixture.known_failures().await > tried);
        }
    }
    assert_eq!((tried, fixture.recorded().await.known), (40, 40));
    // All of them are unknown devices now, and have to wait as these do; one that signs in opens ten more.
    assert!(!fixture.knows(&devices[59]).await);
    fixture.clock.advance(100_000);
    fixture.login_known(&devices[59], PASSWORD).await.unwrap();
    assert_eq!(fixture.recorded().await.known, 30);
    assert!(fixture.knows(&devices[58]).await);
}

impl Fixture {
    /// What is counted of known devices, not rounded.
    async fn known_failures(&self) -> usize {
        let user = self.user().await;
        let account = self.auth.login_throttle.counts.account(&user.username, Some(&user));
        usize::from(self.auth.login_throttle.counts.counted(account).map_or(0, |counted| counted.known))
    }
}

#[tokio::test]
async fn failures_in_a_session_count_with_those_of_known_devices() {
    let fixture = Fixture::new().await;
    let pass = fixture.login().await;
    for _ in 0..10 {
        let changed = fixture.change_password(&pass, "wrong", "anotherPassword").await;
        assert!(matches!(changed, Err(AuthError::WrongPassword)));
    }
    assert_eq!(fixture.recorded().await, Failures { unknown: 0, known: 10 });
}

#[tokio::test]
async fn a_device_token_that_is_garbage_run_out_or_another_user_s_is_ignored() {
    let fixture = Fixture::new().await;
    let keys = fixture.auth.keys.latest();
    let token = |user, issued_at| {
        let token = DeviceToken { user, issued_at, id: DeviceId([1; 16]), epoch: CredentialEpoch::default() };
        token.reveal(&"exampleUser".parse().unwrap(), &keys.keys.refresh_tokens)
    };
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
    let planted = DeviceToken { user, issued_at, id, epoch: CredentialEpoch::default() };
    let planted = planted.reveal(&"another".parse().unwrap(), &keys.keys.refresh_tokens);
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
    fixture.fail().await;
    assert_eq!(fixture.recorded_unknown().await, 4);
    let fixture = fixture.restarted().await;
    fixture.fail().await;
    assert_eq!(fixture.recorded_unknown().await, 10);
    let fixture = fixture.restarted().await;
    fixture.fail().await;
    assert_eq!(fixture.recorded_unknown().await, 20);
    fixture.login().await;
    assert_eq!(fixture.recorded_unknown().await, 0);
    assert_eq!(fixture.user().await.credential_epoch, epoch);
}

#[tokio::test]
async fn after_a_restart_no_delay_tells_which_names_exist() {
    let fixture = Fixture::new().await;
    let fixture = {
        for name in ["exampleUser", "nobody"] {
            for _ in 0..20 {
                fixture.clock.advance(900);
                fixture.login_with(name, "wrong").await.err().unwrap();
            }
        }
        fixture.auth.noted().await;
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
async fn a_stop_waits_until_what_was_answered_is_noted() {
    let fixture = Fixture::new().await;
    for failures in 1..=5 {
        fixture.fail().await;
        fixture.auth.noted().await;
        assert_eq!(fixture.user().await.failures.unknown, if failures < 5 { 4 } else { 10 });
    }
}

#[tokio::test]
async fn a_stop_that_waits_no_longer_leaves_notes_under_way() {
    let fixture = Fixture::new().await;
    let held = fixture.calls.hold_changes_of_users().await;
    fixture.fail().await;
    assert!(tokio::time::timeout(Duration::from_millis(50), fixture.auth.noted()).await.is_err());
    drop(held);
    assert_eq!(fixture.recorded_unknown().await, 4);
}

#[tokio::test]
async fn as_much_is_written_for_a_name_that_no_user_has_as_for_a_users() {
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
async fn after_sixty_failures_of_unknown_devices_no_password_is_right_on_one_until_the_owner_signs_in() {
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
async fn after_too_many_failures_the_operator_opens_the_account() {
    let fixture = Fixture::new().await;
    fixture.put(|user| user.with_failures(Failures { unknown: MAX_UNKNOWN, known: 0 })).await;
    assert!(fixture.login_with("exampleUser", PASSWORD).await.err().unwrap().is_wrong());
    fixture.put(User::enabled).await;
    fixture.login().await;
}

/// A build of commit 4da7e9b counted up to a hundred, and knew no failures of known devices.
#[tokio::test]
async fn more_failures_than_there_may_be_are_as_many_as_there_may_be() {
    let fixture = Fixture::new().await;
    fixture.put(|user| user.with_failures(Failures { unknown: 100, known: 0 })).await;
    assert!(fixture.login_with("exampleUser", PASSWORD).await.err().unwrap().is_wrong());
    let fixture = fixture.restarted().await;
    assert!(fixture.login_with("exampleUser", PASSWORD).await.err().unwrap().is_wrong());
}

#[tokio::test]
async fn good_sign_ins_write_no_count_however_many_come_at_once() {
    let fixture = Fixture::new().await;
    for at_once in 1..=4 {
        fixture.calls.take();
        futures_util::future::join_all((0..at_once).map(|_| fixture.login())).await;
        assert_eq!(fixture.recorded_unknown().await, 0);
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
    assert_eq!(fixture.recorded_unknown().await, 0);
}

#[tokio::test]
async fn what_fails_while_a_success_is_noted_is_noted_after_it() {
    let fixture = Fixture::new().await;
    fixture.fail().await;
    assert_eq!(fixture.recorded_unknown().await, 4);
    let held = fixture.calls.hold_changes_of_users().await;
    fixture.login().await;
    for _ in 0..4 {
        fixture.fail().await;
    }
    drop(held);
    assert_eq!(fixture.recorded_unknown().await, 4);
}

#[tokio::test]
async fn a_failure_lowers_nothing_that_another_issuer_has_counted_and_a_success_does() {
    let fixture = Fixture::new().await;
    fixture.fail().await;
    fixture.put(|user| user.with_failures(Failures { unknown: 30, known: 0 })).await;
    for _ in 0..4 {
        fixture.fail().await;
        fixture.auth.noted().await;
        assert_eq!(fixture.user().await.failures.unknown, 30);
    }
    fixture.clock.advance(1);
    fixture.login().await;
    assert_eq!(fixture.recorded_unknown().await, 0);
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
