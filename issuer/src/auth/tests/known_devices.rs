//! Known devices: their tokens, their limits, and the sessions of a user.

use super::*;
use crate::user::{CredentialEpoch, Failures, User};

#[tokio::test]
async fn unknown_devices_delay_no_known_one() {
    let fixture = Fixture::new().await;
    let device = fixture.login().await.device_token.unwrap();
    for _ in 0..5 {
        fixture.fail().await;
    }
    let next = fixture.login_known(&device, PASSWORD).await.unwrap().device_token.unwrap();
    assert_ne!(device, next, "each sign-in has its own limit");
    for _ in 0..10 {
        let failed = fixture.login_known(&next, "wrong").await;
        assert!(matches!(failed, Err(AuthError::InvalidCredentials)));
    }
    assert_eq!(seconds(fixture.login_known(&next, PASSWORD).await), 1);
    assert!(fixture.login_known(&device, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_sign_in_on_a_known_device_changes_no_delay_of_unknown_ones() {
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
    /// Whether a device is known: an unknown one is delayed.
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

    pub(super) async fn put(&self, change: impl Fn(&User) -> User) {
        self.auth.failures_saved().await;
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
    // Like `user passwd`.
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
    fixture.auth.failures_saved().await;
    let user = fixture.user().await;
    fixture.auth.store.remove_user(&user).await.unwrap();
    fixture.auth.store.add_user(&User { id: UserId(Uuid::from_u128(9)), ..user }).await.unwrap();
    assert!(!fixture.knows(&device).await);
}

#[tokio::test]
async fn a_user_who_changes_their_password_on_a_known_device_gets_a_new_token_for_it() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    let device = tokens.device_token.clone().unwrap();
    let identity = fixture.identity(&tokens).await;
    let change = async |device_token: Option<&str>, current: &str, new: &str| {
        let client = Client { device_tokens: device_token.map(str::to_owned).into_iter().collect(), ..client() };
        fixture.auth.change_password(&identity, password(current), new_password(new), &client).await.unwrap()
    };
    assert_eq!(change(None, PASSWORD, "anotherPassword").await, None);
    assert_eq!(
        change(Some(&device), "anotherPassword", "thirdPassword").await,
        None,
        "its token was of the first password"
    );
    let device = fixture.login_with("exampleUser", "thirdPassword").await.unwrap().device_token.unwrap();
    let next = change(Some(&device), "thirdPassword", "fourthPassword").await.unwrap();
    assert!(fixture.knows(&next).await && !fixture.knows(&device).await);
}

#[tokio::test]
async fn known_devices_have_forty_failures_together_also_after_a_restart() {
    let mut fixture = Fixture::new().await;
    let mut devices = Vec::new();
    for _ in 0..60 {
        devices.push(fixture.login().await.device_token.unwrap());
    }
    let mut tried = 0;
    for (number, device) in devices.iter().enumerate() {
        if number == 2 {
            fixture.auth.failures_saved().await;
            fixture = fixture.restarted().await;
        }
        for _ in 0..10 {
            let failed = fixture.login_known(device, "wrong").await.err().unwrap();
            tried += usize::from(failed.is_wrong() && fixture.known_failures().await > tried);
        }
    }
    assert_eq!((tried, fixture.recorded().await.known), (40, 40));
    // All of them count as unknown devices now. A sign-in on one of them allows ten more failures.
    assert!(!fixture.knows(&devices[59]).await);
    fixture.clock.advance(100_000);
    fixture.login_known(&devices[59], PASSWORD).await.unwrap();
    assert_eq!(fixture.recorded().await.known, 30);
    assert!(fixture.knows(&devices[58]).await);
}

impl Fixture {
    /// The exact count of known devices.
    async fn known_failures(&self) -> usize {
        let user = self.user().await;
        let account = self.auth.login_throttle.counts.account(&user.username, Some(&user));
        usize::from(self.auth.login_throttle.counts.counted(account).map_or(0, |counted| counted.known))
    }
}

#[tokio::test]
async fn failures_in_a_session_count_with_those_of_known_devices() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    for _ in 0..10 {
        let changed = fixture.change_password(&tokens, "wrong", "anotherPassword").await;
        assert!(matches!(changed, Err(AuthError::WrongPassword)));
    }
    assert_eq!(fixture.recorded().await, Failures { unknown: 0, known: 10 });
}

#[tokio::test]
async fn a_malformed_expired_or_foreign_device_token_is_ignored() {
    let fixture = Fixture::new().await;
    let keys = fixture.auth.keys.latest();
    let token = |user, issued_at| {
        let token = DeviceToken { user, issued_at, id: DeviceId([1; 16]), epoch: CredentialEpoch::default() };
        token.reveal(&"exampleUser".parse().unwrap(), &keys.keys.refresh_tokens)
    };
    let user = fixture.user().await.id;
    let now = fixture.clock.now();
    let expired = UnixSeconds::new(now.seconds() - 400 * 24 * 3600).unwrap();
    for _ in 0..5 {
        fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    }
    for odd in ["garbage".to_owned(), token(user, expired), token(UserId(Uuid::from_u128(9)), now)] {
        assert_eq!(seconds(fixture.login_known(&odd, PASSWORD).await), 1, "{odd}");
    }
    assert!(fixture.login_known(&token(user, now), PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_planted_device_token_does_not_hide_the_user_s_own() {
    let fixture = Fixture::new().await;
    let own = fixture.login().await.device_token.unwrap();
    let keys = fixture.auth.keys.latest();
    let user = UserId(Uuid::from_u128(9));
    let issued_at = fixture.clock.now();
    let id = DeviceId([1; 16]);
    let planted = DeviceToken { user, issued_at, id, epoch: CredentialEpoch::default() };
    let planted = planted.reveal(&"another".parse().unwrap(), &keys.keys.refresh_tokens);
    for _ in 0..5 {
        fixture.login_with("exampleUser", "wrong").await.err().unwrap();
    }
    assert_eq!(seconds(fixture.login_with_devices(&[&planted, "garbage"], PASSWORD).await), 1);
    assert!(fixture.login_with_devices(&[&planted, "garbage", &own], PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_session_has_limited_guesses_at_its_password() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    for _ in 0..10 {
        let changed = fixture.change_password(&tokens, "wrong", "anotherPassword").await;
        assert!(matches!(changed, Err(AuthError::WrongPassword)));
    }
    assert_eq!(seconds(fixture.change_password(&tokens, PASSWORD, "anotherPassword").await), 1);
    fixture.clock.advance(1);
    fixture.change_password(&tokens, PASSWORD, "anotherPassword").await.unwrap();
    assert!(fixture.login_with("exampleUser", "anotherPassword").await.is_ok());
}
