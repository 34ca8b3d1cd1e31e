//! Sign-in, authentication and sign-out over a real store.

use super::*;

#[tokio::test]
async fn an_access_token_is_valid_until_it_expires() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    assert_eq!((tokens.expires_in, tokens.session_expires_in), (300, 1000));
    let authenticated = fixture.with_bearer(&tokens.access_token).await;
    assert!(matches!(authenticated, Ok(Authenticated::Known(identity)) if identity.username.as_str() == "exampleUser"));
    fixture.clock.advance(300);
    let authenticated = fixture.with_bearer(&tokens.access_token).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::Token(VerifyError::Expired)))));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let fixture = Fixture::new().await;
    for (username, password) in [("exampleUser", "wrong"), ("nobody", PASSWORD)] {
        let error = fixture.login_with(username, password).await.err().unwrap();
        assert!(matches!(error, AuthError::InvalidCredentials), "{error}");
    }
}

#[tokio::test]
async fn any_genuine_token_of_a_session_ends_it() {
    let fixture = Fixture::new().await;
    for kind in ["old refresh token", "expired access token"] {
        let first = fixture.login().await;
        let second = fixture.refresh(&first.refresh_token).await.unwrap();
        fixture.clock.advance(400);
        match kind {
            "old refresh token" => fixture.logout(&[&first.refresh_token], &[]).await,
            _ => fixture.logout(&[], &[&first.access_token]).await,
        }
        assert!(fixture.is_over(&second.refresh_token, Refusal::Ended(End::SignedOut)).await, "{kind}");
    }
}

#[tokio::test]
async fn a_sign_out_reads_the_sessions_of_all_its_tokens_at_once() {
    let fixture = Fixture::new().await;
    let mut refresh_tokens = Vec::new();
    let mut access_tokens = Vec::new();
    for _ in 0..4 {
        let tokens = fixture.login().await;
        refresh_tokens.push(tokens.refresh_token.to_string());
        access_tokens.push(fixture.login().await.access_token);
    }
    let of_one_key = |text: &String| format!("{}AAAA{}", &text[..5], &text[9..]);
    let bogus = refresh_tokens.iter().map(of_one_key).collect::<Vec<_>>();
    let refresh: Vec<&str> = refresh_tokens.iter().chain(&bogus).chain(&refresh_tokens).map(String::as_str).collect();
    let access: Vec<&str> = access_tokens.iter().map(String::as_str).collect();
    fixture.calls.take();
    fixture.logout(&refresh, &access).await;
    assert_eq!(fixture.calls.take(), (1, 8));
    // Ended sessions are read and not written.
    fixture.logout(&refresh, &access).await;
    assert_eq!(fixture.calls.take(), (1, 0));
    let too_many = [refresh[0]; MAX_TOKENS + 1];
    let refused = fixture.auth.logout(&too_many, &[], ADDRESS).await;
    assert!(matches!(refused, Err(AuthError::TooManyTokens)));
    assert_eq!(fixture.calls.take(), (0, 0));
}

#[tokio::test]
async fn all_sessions_of_a_user_end_with_one_read_of_them() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    for _ in 0..5 {
        fixture.login().await;
    }
    fixture.calls.take();
    fixture.auth.end_all_own(&tokens.identity, ADDRESS).await.unwrap();
    assert_eq!(fixture.calls.take(), (2, 6));
}

#[tokio::test]
async fn a_forged_token_ends_no_session() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    let refresh_token = format!("{}x", &*tokens.refresh_token);
    let access_token = tampered(&tokens.access_token);
    fixture.logout(&[&refresh_token, "garbage"], &[&access_token, "garbage"]).await;
    assert!(fixture.refresh(&tokens.refresh_token).await.is_ok());
}

#[tokio::test]
async fn an_access_token_is_refused_as_soon_as_its_session_has_ended() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    fixture.logout(&[&tokens.refresh_token], &[]).await;
    let authenticated = fixture.with_bearer(&tokens.access_token).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::SessionOver))));
}

#[tokio::test]
async fn a_sign_in_ends_the_session_that_it_replaces() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    let replaced = Some(first.refresh_token.as_str());
    let username = "exampleUser".parse().unwrap();
    let login = fixture.auth.login(login_of(&username, PASSWORD, replaced, client()));
    let second = login.await.unwrap();
    assert!(fixture.is_over(&first.refresh_token, Refusal::Ended(End::Replaced)).await);
    assert!(fixture.refresh(&second.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_missing_or_expired_access_cookie_is_renewed_with_the_answer() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    let authenticated = fixture.with_cookies(None, Some(&first.refresh_token)).await;
    let Ok(Authenticated::Renewed(second)) = authenticated else { panic!("not renewed") };
    fixture.clock.advance(300);
    let authenticated = fixture.with_cookies(Some(&second.access_token), Some(&second.refresh_token)).await;
    assert!(matches!(authenticated, Ok(Authenticated::Renewed(_))));
}

#[tokio::test]
async fn a_tampered_access_cookie_is_never_renewed() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    let authenticated = fixture.with_cookies(Some(&tampered(&tokens.access_token)), Some(&tokens.refresh_token)).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::Token(VerifyError::Signature)))));
    assert!(fixture.refresh(&tokens.refresh_token).await.is_ok());
}

#[tokio::test]
async fn cookies_of_an_ended_session_are_no_credentials() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    fixture.logout(&[&tokens.refresh_token], &[]).await;
    let authenticated = fixture.with_cookies(None, Some(&tokens.refresh_token)).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::SessionOver))));
    assert!(matches!(fixture.with_cookies(None, None).await, Err(AuthError::NoCredentials)));
}
