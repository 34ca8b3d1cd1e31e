//! The effect of a rotation and a revocation of keys on sessions.

use super::*;
use crate::{
    entropy::random_bytes,
    key_ring::{Fresh, Kind, MasterKey, Ring, decode, draw_fresh, encode},
    refresh_token::InvalidRefreshToken,
};

impl Fixture {
    fn master(&self) -> MasterKey {
        MasterKeySource::default().find(Home::Folder(self.folder.path())).unwrap()
    }

    /// Changes the ring as a command does.
    async fn order(&self, change: impl Fn(&Ring, &Fresh) -> Ring) {
        let record = self.auth.store.key_ring().await.unwrap().unwrap();
        let ring = decode(&record, &self.master()).unwrap();
        let fresh = draw_fresh(&ring, &self.master()).unwrap();
        let new = encode(&change(&ring, &fresh), &self.master(), random_bytes().unwrap());
        assert_eq!(self.auth.store.swap_key_ring(Some(&record), &new).await.unwrap(), Swapped::Yes);
    }

    async fn rotate(&self, kind: Kind) {
        let now = self.clock.now();
        self.order(|ring, fresh| ring.rotate(kind, now, fresh).unwrap().0).await;
    }

    async fn revoke_used(&self, kind: Kind) {
        let now = self.clock.now();
        self.order(|ring, fresh| ring.revoke(&ring.in_use(kind).unwrap().name.0, now, fresh).unwrap().0).await;
    }

    /// The issuer reads the ring, as it does every few seconds.
    async fn read(&self) {
        self.auth.keys.view_after(self.clock.moment()).await.unwrap();
    }

    /// Another issuer over the same store.
    async fn second(&self) -> Auth {
        auth(Arc::clone(&self.auth.store), &self.clock, self.folder.path(), self.auth.settings.clone()).await
    }
}

fn kid(token: &str) -> String {
    hallpass_token::decode(token).unwrap().header_json().to_owned()
}

#[tokio::test]
async fn a_rotation_of_all_keys_ends_no_session() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    fixture.clock.advance(100);
    fixture.rotate(Kind::RefreshTokens).await;
    fixture.clock.advance(295);
    fixture.rotate(Kind::Signing).await;
    let second = fixture.login().await;
    fixture.clock.advance(100);
    fixture.read().await;
    assert!(fixture.with_bearer(&second.access_token).await.is_ok(), "by the key that has retired");
    let third = fixture.refresh(&first.refresh_token).await.unwrap();
    assert_ne!(kid(&third.access_token), kid(&first.access_token));
    assert_ne!(third.refresh_token[..11], first.refresh_token[..11], "the text begins with the key's id");
    // A retry gets the same token, although new tokens have another key.
    assert_eq!(*fixture.refresh(&first.refresh_token).await.unwrap().refresh_token, *third.refresh_token);
    fixture.clock.advance(400);
    assert!(fixture.refresh(&third.refresh_token).await.is_ok());
}

#[tokio::test]
async fn after_a_revocation_a_bearer_token_is_refused_and_cookies_are_renewed() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    fixture.revoke_used(Kind::Signing).await;
    fixture.read().await;
    let authenticated = fixture.with_bearer(&tokens.access_token).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::Token(VerifyError::KeyUnknown)))));
    let authenticated = fixture.with_cookies(Some(&tokens.access_token), Some(&tokens.refresh_token)).await;
    let Ok(Authenticated::Renewed(renewed)) = authenticated else { panic!("not renewed") };
    assert!(fixture.with_bearer(&renewed.access_token).await.is_ok());
}

#[tokio::test]
async fn a_revoked_key_of_refresh_tokens_ends_exactly_the_sessions_with_its_tokens() {
    let fixture = Fixture::new().await;
    let old = fixture.login().await;
    let renewed = fixture.login().await;
    fixture.clock.advance(400);
    let name = fixture.auth.keys.latest().keys.refresh_tokens.in_use().id().0;
    fixture.rotate(Kind::RefreshTokens).await;
    fixture.read().await;
    let renewed = fixture.refresh(&renewed.refresh_token).await.unwrap();
    let name = format!("{:08x}", u32::from_be_bytes(name));
    let now = fixture.clock.now();
    fixture.order(|ring, fresh| ring.revoke(&name, now, fresh).unwrap().0).await;
    fixture.read().await;
    let refused = fixture.refresh(&old.refresh_token).await;
    let is_unknown = |fault| matches!(fault, AuthError::InvalidGrant(GrantFault::Token(InvalidRefreshToken::Key)));
    assert!(refused.is_err_and(is_unknown));
    assert!(fixture.refresh(&renewed.refresh_token).await.is_ok());
}

#[tokio::test]
async fn the_key_of_the_current_token_decides_and_not_that_of_the_previous_one() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    fixture.clock.advance(400);
    fixture.rotate(Kind::RefreshTokens).await;
    fixture.read().await;
    let second = fixture.refresh(&first.refresh_token).await.unwrap();
    let other = fixture.login().await;
    fixture.revoke_used(Kind::RefreshTokens).await;
    fixture.read().await;
    assert!(
        fixture.is_over(&first.refresh_token, Refusal::KeyRevoked).await,
        "its key is there, its successor's is not"
    );
    let authenticated = fixture.with_bearer(&second.access_token).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::SessionOver))));
    let third = fixture.login().await;
    let listed: Vec<_> = fixture.auth.sessions(&third.identity).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(listed, [third.identity.session]);
    let new = new_password("anotherPassword");
    let client = client();
    let changed = fixture.auth.change_password(&other.identity, password(PASSWORD), new, &client);
    assert!(matches!(changed.await, Err(AuthError::InvalidToken(TokenFault::SessionOver))));
}

#[tokio::test]
async fn what_another_issuer_made_with_a_key_that_this_one_has_not_seen_is_good_at_once() {
    let fixture = Fixture::new().await;
    // Twice, so that this issuer has not read the keys in use.
    for _ in 0..2 {
        fixture.revoke_used(Kind::Signing).await;
        fixture.revoke_used(Kind::RefreshTokens).await;
    }
    let other = fixture.second().await;
    let username = "exampleUser".parse().unwrap();
    let tokens = other.login(login_of(&username, PASSWORD, None, client())).await.unwrap();
    assert!(fixture.with_bearer(&tokens.access_token).await.is_ok());
    fixture.revoke_used(Kind::RefreshTokens).await;
    fixture.revoke_used(Kind::RefreshTokens).await;
    let another = fixture.second().await;
    let tokens = another.login(login_of(&username, PASSWORD, None, client())).await.unwrap();
    assert!(fixture.refresh(&tokens.refresh_token).await.is_ok());
    let tokens = another.login(login_of(&username, PASSWORD, None, client())).await.unwrap();
    fixture.logout(&[&tokens.refresh_token], &[]).await;
    assert!(matches!(
        another.refresh(&tokens.refresh_token, Transport::Cookie, ADDRESS).await,
        Err(AuthError::InvalidGrant(_))
    ));
}

#[tokio::test]
async fn a_retry_gets_its_answer_from_an_issuer_that_has_not_read_the_new_key() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    fixture.clock.advance(400);
    fixture.rotate(Kind::RefreshTokens).await;
    fixture.read().await;
    // After a revocation the new key is used at once.
    fixture.revoke_used(Kind::RefreshTokens).await;
    fixture.revoke_used(Kind::RefreshTokens).await;
    let other = fixture.second().await;
    let renewed = other.refresh(&tokens.refresh_token, Transport::Cookie, ADDRESS).await.unwrap();
    let again = fixture.refresh(&tokens.refresh_token).await.unwrap();
    assert_eq!(*again.refresh_token, *renewed.refresh_token);
}

#[tokio::test]
async fn the_max_age_of_the_key_set_counts_from_the_read_of_the_ring() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.auth.key_set().await.unwrap().max_age, 300);
    fixture.clock.advance(7);
    let set = fixture.auth.key_set().await.unwrap();
    assert_eq!(set.max_age, 293);
    fixture.revoke_used(Kind::Signing).await;
    fixture.clock.advance(24);
    let after = fixture.auth.key_set().await.unwrap();
    assert_eq!(after.max_age, 300, "the ring was read again");
    assert_ne!((after.etag(), after.json()), (set.etag(), set.json()));
}
