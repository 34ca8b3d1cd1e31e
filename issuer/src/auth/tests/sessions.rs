//! The user's own sessions and password, over a real store.

use super::*;
use crate::store::MAX_ATTEMPTS;

impl Fixture {
    pub(super) async fn identity(&self, tokens: &TokenResponse) -> Identity {
        match self.with_bearer(&tokens.access_token).await {
            Ok(Authenticated::Known(identity)) => identity,
            _ => panic!("not signed in"),
        }
    }

    async fn listed(&self, tokens: &TokenResponse) -> Vec<(SessionId, bool)> {
        let identity = self.identity(tokens).await;
        let sessions = self.auth.sessions(&identity).await.unwrap();
        sessions.iter().map(|session| (session.id, session.is_current)).collect()
    }

    pub(super) async fn change_password(
        &self,
        tokens: &TokenResponse,
        current: &str,
        new: &str,
    ) -> Result<(), AuthError> {
        let identity = self.identity(tokens).await;
        self.auth.change_password(&identity, password(current), new_password(new), &client()).await.map(drop)
    }
}

#[tokio::test]
async fn the_list_has_the_living_sessions_the_last_used_first() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    fixture.clock.advance(10);
    let second = fixture.login().await;
    let ended = fixture.login().await;
    fixture.logout(&[&ended.refresh_token], &[]).await;
    let one = first.identity.session;
    let two = second.identity.session;
    assert_eq!(fixture.listed(&first).await, [(two, false), (one, true)]);
    fixture.clock.advance(10);
    let first = fixture.refresh(&first.refresh_token).await.unwrap();
    assert_eq!(fixture.listed(&second).await, [(one, false), (two, true)]);
    let identity = fixture.identity(&first).await;
    let listed = fixture.auth.sessions(&identity).await.unwrap();
    let times = [listed[0].created_at, listed[0].last_used_at, listed[0].expires_at].map(UnixSeconds::seconds);
    assert_eq!(times, [1_790_000_000, 1_790_000_020, 1_790_001_020]);
    assert_eq!(listed[0].label.to_string(), "a test");
    fixture.clock.advance(995);
    assert_eq!(fixture.listed(&fixture.refresh(&first.refresh_token).await.unwrap()).await, [(one, true)]);
}

#[tokio::test]
async fn a_user_ends_only_the_own_sessions() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    let second = fixture.login().await;
    let identity = fixture.identity(&first).await;
    let other_user = Identity { user: UserId(Uuid::from_u128(9)), ..fixture.identity(&second).await };
    for refused in [
        fixture.auth.end_own(&other_user, first.identity.session, ADDRESS).await,
        fixture.auth.end_own(&identity, SessionId(Uuid::from_u128(9)), ADDRESS).await,
    ] {
        assert!(matches!(refused, Err(AuthError::NoSuchSession)));
    }
    for _ in 0..2 {
        fixture.auth.end_own(&identity, second.identity.session, ADDRESS).await.unwrap();
        assert!(fixture.is_over(&second.refresh_token, Refusal::Ended(End::Revoked)).await);
    }
    let third = fixture.login().await;
    fixture.auth.end_all_own(&identity, ADDRESS).await.unwrap();
    assert!(fixture.is_over(&third.refresh_token, Refusal::Ended(End::Revoked)).await);
    assert!(fixture.is_over(&first.refresh_token, Refusal::Ended(End::SignedOut)).await);
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions_and_keeps_its_own() {
    let fixture = Fixture::new().await;
    let own = fixture.login().await;
    let other = fixture.login().await;
    fixture.change_password(&own, PASSWORD, "anotherPassword").await.unwrap();
    assert!(fixture.is_over(&other.refresh_token, Refusal::Ended(End::PasswordChanged)).await);
    assert!(fixture.with_bearer(&other.access_token).await.is_err());
    let own = fixture.refresh(&own.refresh_token).await.unwrap();
    assert_eq!(fixture.listed(&own).await, [(own.identity.session, true)]);
    assert!(fixture.login_with("exampleUser", PASSWORD).await.is_err());
    let new = fixture.login_with("exampleUser", "anotherPassword").await.unwrap();
    fixture.change_password(&own, "anotherPassword", PASSWORD).await.unwrap();
    assert!(fixture.is_over(&new.refresh_token, Refusal::Ended(End::PasswordChanged)).await);
    assert!(fixture.refresh(&own.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_script_that_signs_in_and_out_leaves_few_ended_sessions() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    let user = first.identity.user;
    let key = fixture.auth.keys.latest().keys.refresh_tokens.in_use().id();
    let ended = (0..250).map(|id| {
        let token = RefreshToken::new(SessionId(Uuid::from_u128(id)), [1; 32], key);
        let epoch = crate::user::CredentialEpoch::default();
        let beginning = Beginning { user, epoch, transport: Transport::Cookie, label: Label::default() };
        Session::begin(beginning, &token, fixture.clock.now()).end(End::SignedOut).unwrap()
    });
    let ended: Vec<_> = ended.collect();
    let added = ended.iter().map(|session| fixture.auth.store.add_session(session));
    assert!(futures_util::future::join_all(added).await.iter().all(Result::is_ok));
    fixture.login().await;
    assert_eq!(fixture.auth.store.sessions_of(user).await.unwrap().len(), 252 - 16);
    assert!(fixture.refresh(&first.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_disabled_user_loses_all_sessions_and_cannot_sign_in() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    let user = fixture.auth.store.user(tokens.identity.user).await.unwrap().unwrap();
    fixture.auth.store.swap_user(&user, &user.disabled()).await.unwrap();
    assert!(fixture.is_over(&tokens.refresh_token, Refusal::CredentialsChanged).await);
    assert!(fixture.with_bearer(&tokens.access_token).await.is_err());
    let refused = fixture.login_with("exampleUser", PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::InvalidCredentials)));
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing() {
    let fixture = Fixture::new().await;
    let own = fixture.login().await;
    let other = fixture.login().await;
    fixture.calls.take();
    let wrong = fixture.change_password(&own, "wrongPassword", "anotherPassword").await;
    assert!(matches!(wrong, Err(AuthError::WrongPassword)));
    assert_eq!(fixture.calls.take().1, 0);
    assert!(fixture.refresh(&other.refresh_token).await.is_ok());
    assert!(fixture.login_with("exampleUser", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn of_concurrent_changes_one_wins_and_its_session_stays() {
    let fixture = Fixture::new().await;
    let own = fixture.login().await;
    let other = fixture.login().await;
    let twice = fixture.change_password(&own, PASSWORD, "anotherPassword");
    let again = fixture.change_password(&own, PASSWORD, "thirdPassword");
    let elsewhere = fixture.change_password(&other, PASSWORD, "fourthPassword");
    let (twice, again, elsewhere) = tokio::join!(twice, again, elsewhere);
    let won = [twice, again, elsewhere].map(|outcome| match outcome {
        Ok(()) => true,
        Err(AuthError::WrongPassword | AuthError::InvalidToken(_)) => false,
        Err(error) => panic!("{error}"),
    });
    let (winner, loser) = if won[2] { (&other, &own) } else { (&own, &other) };
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    assert!(fixture.refresh(&winner.refresh_token).await.is_ok());
    assert!(fixture.is_over(&loser.refresh_token, Refusal::Ended(End::PasswordChanged)).await);
}

#[tokio::test]
async fn a_crash_between_the_two_writes_of_a_changed_password_ends_no_session() {
    let fixture = Fixture::new().await;
    let own = fixture.login().await;
    let other = fixture.login().await;
    let user = fixture.auth.store.user(own.identity.user).await.unwrap().unwrap();
    let session = fixture.auth.store.session(own.identity.session).await.unwrap().unwrap();
    let raised = session.with_epoch(user.with_password(user.password.clone()).credential_epoch);
    assert_eq!(fixture.auth.store.swap_session(&session, &raised).await.unwrap(), Swapped::Yes);
    // Here the issuer crashes. The old password and both sessions are still valid.
    assert!(fixture.refresh(&other.refresh_token).await.is_ok());
    let own = fixture.refresh(&own.refresh_token).await.unwrap();
    fixture.change_password(&own, PASSWORD, "anotherPassword").await.unwrap();
    assert!(fixture.refresh(&own.refresh_token).await.is_ok());
    assert!(fixture.refresh(&other.refresh_token).await.is_err());
}

#[tokio::test]
async fn a_session_that_is_too_contended_to_change_the_password_in_continues() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    fixture.calls.conflict(MAX_ATTEMPTS);
    let changed = fixture.change_password(&tokens, PASSWORD, "another good passphrase").await;
    assert!(matches!(changed, Err(AuthError::Contended)), "{changed:?}");
    assert!(fixture.with_bearer(&tokens.access_token).await.is_ok(), "nothing was changed");
    fixture.change_password(&tokens, PASSWORD, "another good passphrase").await.unwrap();
}
