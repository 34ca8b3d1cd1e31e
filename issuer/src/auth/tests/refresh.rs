//! Refresh over a real store: each outcome of the rules is stored and answered exactly once.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn tabs_that_refresh_at_once_get_the_same_tokens() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    fixture.calls.take();
    let responses = join_all((0..16).map(|_| fixture.refresh(&first.refresh_token))).await;
    let responses: Vec<_> = responses.into_iter().map(Result::unwrap).collect();
    for tokens in &responses {
        assert_eq!(*tokens.refresh_token, *responses[0].refresh_token);
        assert!(matches!(fixture.with_bearer(&tokens.access_token).await, Ok(Authenticated::Known(_))));
    }
    fixture.clock.advance(61);
    assert_ne!(*fixture.refresh(&responses[0].refresh_token).await.unwrap().refresh_token, *responses[0].refresh_token);
}

#[tokio::test]
async fn a_retried_refresh_returns_the_same_successor_and_writes_nothing() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    fixture.calls.take();
    let second = fixture.refresh(&first.refresh_token).await.unwrap();
    assert_eq!(fixture.calls.take(), (2, 1));
    fixture.clock.advance(29);
    let retried = fixture.refresh(&first.refresh_token).await.unwrap();
    let reloaded = fixture.refresh(&second.refresh_token).await.unwrap();
    assert_eq!(fixture.calls.take(), (4, 0));
    assert_eq!(*retried.refresh_token, *second.refresh_token);
    assert_eq!(*reloaded.refresh_token, *second.refresh_token);
    assert_ne!(retried.access_token, second.access_token);
    assert_eq!(fixture.auth.metrics.grace_answer(), 2, "this call is the second");
}

#[tokio::test]
async fn between_the_grace_and_its_double_the_client_gets_the_time_of_its_retry() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    let second = fixture.refresh(&first.refresh_token).await.unwrap();
    fixture.clock.advance(40);
    let waiting = fixture.refresh(&first.refresh_token).await;
    assert!(matches!(waiting, Err(AuthError::Wait { seconds: 21 })));
    assert!(matches!(fixture.with_cookies(None, Some(&first.refresh_token)).await, Err(AuthError::Wait { .. })));
    fixture.clock.advance(21);
    let late = fixture.refresh(&first.refresh_token).await.unwrap();
    assert_ne!(*late.refresh_token, *second.refresh_token);
}

#[tokio::test]
async fn an_old_token_ends_the_session_with_all_its_tokens() {
    let fixture = Fixture::strict().await;
    let first = fixture.login().await;
    let second = fixture.refresh(&first.refresh_token).await.unwrap();
    let third = fixture.refresh(&second.refresh_token).await.unwrap();
    for token in [&first, &second, &third] {
        assert!(fixture.is_over(&token.refresh_token, Refusal::Ended(End::Stolen)).await);
    }
    let authenticated = fixture.with_bearer(&third.access_token).await;
    assert!(matches!(authenticated, Err(AuthError::InvalidToken(TokenFault::SessionOver))));
}

#[tokio::test]
async fn in_strict_mode_every_use_gives_another_token() {
    let fixture = Fixture::strict().await;
    let mut tokens = fixture.login().await;
    for _ in 0..10 {
        fixture.calls.take();
        let next = fixture.refresh(&tokens.refresh_token).await.unwrap();
        assert_eq!(fixture.calls.take(), (2, 1));
        assert_ne!(*next.refresh_token, *tokens.refresh_token);
        tokens = next;
    }
}

#[tokio::test]
async fn a_token_that_is_not_genuine_fails_before_the_store_is_read() {
    let fixture = Fixture::new().await;
    let good = fixture.login().await.refresh_token;
    fixture.calls.take();
    let changed = |index: usize| {
        let other = if &good[index..=index] == "x" { "y" } else { "x" };
        format!("{}{other}{}", &good[..index], &good[index + 1..])
    };
    // Prefix, alphabet, key id, session, generation, attempt, secret, tag; too short, too long.
    let mut bad = vec![String::new(), "hprt_".to_owned(), format!("{}=", &good[..good.len() - 1])];
    bad.extend([0, 6, 12, 33, 38, 60, 100].map(changed));
    bad.extend([good[..good.len() - 1].to_owned(), format!("{}A", *good), "x".repeat(9000), "hprt_é".to_owned()]);
    for text in bad {
        let refused = fixture.refresh(&text).await;
        assert!(matches!(refused, Err(AuthError::InvalidGrant(GrantFault::Token(_)))), "{text}");
        fixture.logout(&[&text], &[]).await;
    }
    assert_eq!(fixture.calls.take(), (0, 0));
    assert!(fixture.refresh(&good).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_keeps_its_transport() {
    let fixture = Fixture::new().await;
    let tokens = fixture.login().await;
    let other_transport = fixture.auth.refresh(&tokens.refresh_token, Transport::Body, ADDRESS).await;
    assert!(matches!(other_transport, Err(AuthError::WrongTransport)));
    assert!(fixture.refresh(&tokens.refresh_token).await.is_ok());
}

#[tokio::test]
async fn an_idle_session_expires_and_an_access_token_never_outlives_its_session() {
    let fixture = Fixture::new().await;
    let mut tokens = fixture.login().await;
    for _ in 0..5 {
        fixture.clock.advance(950);
        tokens = fixture.refresh(&tokens.refresh_token).await.unwrap();
    }
    assert_eq!((tokens.expires_in, tokens.session_expires_in), (250, 250));
    fixture.clock.advance(250);
    assert!(fixture.is_over(&tokens.refresh_token, Refusal::Expired).await);
}

#[tokio::test]
async fn a_sign_out_wins_over_concurrent_refreshes() {
    for _ in 0..20 {
        let fixture = Fixture::strict().await;
        let tokens = fixture.login().await;
        let renewals = join_all((0..4).map(|_| fixture.refresh(&tokens.refresh_token)));
        let presented = [tokens.refresh_token.as_str()];
        let (renewed, ()) = tokio::join!(renewals, fixture.logout(&presented, &[]));
        for token in
            renewed.into_iter().flatten().map(|tokens| tokens.refresh_token).chain([tokens.refresh_token.clone()])
        {
            let refused = fixture.refresh(&token).await;
            assert!(matches!(refused, Err(AuthError::InvalidGrant(GrantFault::Session(Refusal::Ended(_))))));
        }
    }
}
