//! Limits on right passwords, which reveal no names and lock no owner out.

use super::*;

impl Fixture {
    /// Uses up the burst of sign-ins of the account.
    async fn use_up_successes(&self) {
        let user = self.auth.store.user_named(&"exampleUser".parse().unwrap()).await.unwrap().unwrap().id;
        for _ in 0..100 {
            self.auth.successes.count(user, ADDRESS, self.clock.moment()).unwrap();
        }
    }

    async fn login_on_device(&self, device_token: &str, text: &str) -> Result<TokenResponse, AuthError> {
        let client = Client { device_tokens: vec![device_token.to_owned()], ..client() };
        self.auth.login(login_of(&"exampleUser".parse().unwrap(), text, None, client)).await
    }
}

#[tokio::test]
async fn an_account_that_signs_in_too_often_is_refused_on_a_known_device_before_the_hash() {
    let fixture = Fixture::new().await;
    let device = fixture.login().await.device_token.unwrap();
    // The sign-in above counts, too.
    fixture.clock.advance(1);
    fixture.use_up_successes().await;
    // A right and a wrong password: no hash is made to tell them apart.
    for text in [PASSWORD, "wrong"] {
        let refused = fixture.login_on_device(&device, text).await;
        assert!(matches!(refused, Err(AuthError::TooManySignIns { seconds: 1 })));
    }
    // Neither refusal counts against the device.
    fixture.clock.advance(1);
    assert!(fixture.login_on_device(&device, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn on_an_unknown_device_only_the_right_password_reveals_that_an_account_signs_in_too_often() {
    let fixture = Fixture::new().await;
    fixture.use_up_successes().await;
    for name in ["exampleUser", "nobody"] {
        let refused = fixture.login_with(name, "wrong").await;
        assert!(matches!(refused, Err(AuthError::InvalidCredentials)), "{name}");
    }
    assert!(matches!(fixture.login_with("exampleUser", PASSWORD).await, Err(AuthError::TooManySignIns { seconds: 1 })));
    // Only successes count: wrong passwords do not delay the owner.
    fixture.clock.advance(1);
    assert!(fixture.login_with("exampleUser", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn right_passwords_beyond_the_limit_are_limited_as_failures_are() {
    let fixture = Fixture::new().await;
    fixture.use_up_successes().await;
    for _ in 0..5 {
        let refused = fixture.login_with("exampleUser", PASSWORD).await;
        assert!(matches!(refused, Err(AuthError::TooManySignIns { .. })));
    }
    assert!(matches!(fixture.login_with("exampleUser", PASSWORD).await, Err(AuthError::TooManyAttempts { .. })));
}

#[tokio::test]
async fn an_address_that_signs_in_too_often_is_refused_for_every_name() {
    let fixture = Fixture::new().await;
    for _ in 0..2000 {
        let user = UserId(random_id().unwrap());
        fixture.auth.successes.count(user, ADDRESS, fixture.clock.moment()).unwrap();
    }
    for name in ["exampleUser", "nobody"] {
        let refused = fixture.login_with(name, PASSWORD).await;
        assert!(matches!(refused, Err(AuthError::TooManySignIns { seconds: 1 })), "{name}");
    }
    fixture.clock.advance(1);
    assert!(fixture.login_with("exampleUser", PASSWORD).await.is_ok());
}
