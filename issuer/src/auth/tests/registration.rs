//! Self-registration over a real store.

use super::*;

impl Fixture {
    async fn register(&self, username: &str, text: &str) -> Result<User, AuthError> {
        let registration = self.auth.registration()?;
        registration.register(username.parse().unwrap(), new_password(text), &client()).await
    }
}

#[tokio::test]
async fn a_registered_user_signs_in_and_has_no_roles_or_claims() {
    let fixture = Fixture::new().await;
    let user = fixture.register("Zo\u{eb}", "caf\u{e9} au lait").await.unwrap();
    assert!(user.roles.names().is_empty() && user.claims.is_empty() && !user.is_disabled);
    let tokens = fixture.login_with("Zoe\u{308}", "cafe\u{301} au lait").await.unwrap();
    assert_eq!(tokens.identity.user, user.id);
}

#[tokio::test]
async fn of_concurrent_registrations_of_a_name_one_succeeds() {
    let fixture = Fixture::new().await;
    let wishes = ["firstPassword", "secondPassword", "thirdPassword"].map(|text| fixture.register("one", text));
    let outcomes = futures_util::future::join_all(wishes).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Err(AuthError::UsernameTaken))).count(), 2);
    assert!(matches!(fixture.register("exampleUser", "longEnough").await, Err(AuthError::UsernameTaken)));
    assert!(fixture.login().await.identity.username.as_str() == "exampleUser");
}

#[tokio::test]
async fn registration_is_refused_where_it_is_disabled() {
    let mut fixture = Fixture::new().await;
    fixture.auth.settings.allows_registration = false;
    assert!(matches!(fixture.register("one", "longEnough").await, Err(AuthError::RegistrationDisabled)));
    assert!(matches!(fixture.login_with("one", "longEnough").await, Err(AuthError::InvalidCredentials)));
}
