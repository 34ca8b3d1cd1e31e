//! Decoys of unknown names, and hashes that are replaced at a sign-in.

use super::*;

use crate::password::Credential;

/// A hash of this password by the `bcrypt` package.
const FOREIGN_PASSWORD: &str = "correct horse ünd Batterie";
const FOREIGN: &str = "$2b$04$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO";

impl Fixture {
    async fn add_foreign(&self, username: &str) -> User {
        self.add_hashed(username, FOREIGN).await
    }

    async fn add_hashed(&self, username: &str, hash: &str) -> User {
        let id = UserId(random_id().unwrap());
        let credential = Credential::imported(hash.parse().unwrap());
        let user = User::new(id, username.parse().unwrap(), credential, self.clock.now());
        self.auth.store.add_user(&user).await.unwrap();
        user
    }

    async fn hash_of(&self, username: &str) -> Credential {
        self.auth.store.user_named(&username.parse().unwrap()).await.unwrap().unwrap().password
    }

    /// Waits until the queued rehashes are done.
    async fn spare_hashes_made(&self) {
        let outdated = Credential::imported(FOREIGN.parse().unwrap());
        while self.auth.hashing.rehash(&outdated, password("a marker behind the others")).await.is_none() {}
    }

    /// Waits until a user's hash has our parameters.
    async fn rehashed(&self, username: &str) -> Credential {
        loop {
            let hash = self.hash_of(username).await;
            if !self.auth.hashing.is_outdated(&hash) {
                return hash;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_user_with_an_imported_hash_signs_in_and_the_hash_is_replaced() {
    let fixture = Fixture::new().await;
    fixture.add_foreign("foreign").await;
    assert!(fixture.login_with("foreign", PASSWORD).await.is_err());
    assert_eq!(fixture.hash_of("foreign").await.hash.to_text(), FOREIGN);
    let tokens = fixture.login_with("foreign", FOREIGN_PASSWORD).await.unwrap();
    fixture.rehashed("foreign").await;
    assert!(fixture.refresh(&tokens.refresh_token).await.is_ok());
    assert!(fixture.login_with("foreign", FOREIGN_PASSWORD).await.is_ok());
    assert!(fixture.login_with("foreign", PASSWORD).await.is_err());
}

#[tokio::test]
async fn concurrent_sign_ins_replace_an_imported_hash_once() {
    let fixture = Fixture::new().await;
    fixture.add_foreign("foreign").await;
    // The limit of concurrent attempts of an account.
    let logins = (0..5).map(|_| fixture.login_with("foreign", FOREIGN_PASSWORD));
    assert!(futures_util::future::join_all(logins).await.iter().all(Result::is_ok));
    let replaced = fixture.rehashed("foreign").await;
    // The other rehashes find the hash replaced.
    fixture.spare_hashes_made().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(fixture.hash_of("foreign").await, replaced);
}

#[tokio::test]
async fn a_password_that_changes_during_a_rehash_stays_changed() {
    for _ in 0..5 {
        let fixture = Fixture::new().await;
        fixture.add_foreign("foreign").await;
        let tokens = fixture.login_with("foreign", FOREIGN_PASSWORD).await.unwrap();
        let Ok(Authenticated::Known(identity)) = fixture.with_bearer(&tokens.access_token).await else {
            panic!("not known")
        };
        let current = password(FOREIGN_PASSWORD);
        let new = new_password("anotherPassword");
        fixture.auth.change_password(&identity, current, new, &client()).await.unwrap();
        fixture.spare_hashes_made().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(fixture.login_with("foreign", "anotherPassword").await.is_ok());
        assert!(fixture.login_with("foreign", FOREIGN_PASSWORD).await.is_err());
    }
}

#[tokio::test]
async fn a_name_has_one_decoy_and_all_users_are_decoys() {
    let fixture = Fixture::new().await;
    for index in 0..99 {
        fixture.add_foreign(&format!("foreign {index}")).await;
    }
    let mut decoys = std::collections::HashSet::new();
    for index in 0..300 {
        let name = format!("nobody {index}").parse().unwrap();
        let decoy = fixture.auth.candidate(&name).await.unwrap().unwrap();
        assert_eq!(fixture.auth.candidate(&name).await.unwrap(), Some(decoy.clone()));
        assert_eq!(decoy.named(), None);
        decoys.insert(decoy.user().id);
    }
    // Gaps between random ids differ: of 100 users, 300 names meet about 75.
    assert!(decoys.len() > 50, "{}", decoys.len());
}

#[tokio::test]
async fn a_password_beyond_the_72_bytes_of_bcrypt_is_not_rehashed() {
    // By the `bcrypt` package from 80 times x, of which it read 72.
    const HASH: &str = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    let fixture = Fixture::new().await;
    fixture.add_hashed("foreign", HASH).await;
    fixture.login_with("foreign", &format!("{}y", "x".repeat(79))).await.unwrap();
    fixture.spare_hashes_made().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(fixture.hash_of("foreign").await.hash.to_text(), HASH);
    fixture.login_with("foreign", &"x".repeat(80)).await.unwrap();
}
