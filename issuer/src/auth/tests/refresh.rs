//! Refresh over a real store: that each outcome of the rules is stored, answered and never doubled.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn two_tabs_that_renew_at_once_get_the_same_pair() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    fixture.calls.take();
    let passes = join_all((0..16).map(|_| fixture.refresh(&first.refresh_token))).await;
    let passes: Vec<_> = passes.into_iter().map(Result::unwrap).collect();
    for pass in &passes {
        assert_eq!(*pass.refresh_token, *passes[0].refresh_token);
        assert!(matches!(fixture.see_bearer(&pass.access_token).await, Ok(Authenticated::Known(_))));
    }
    fixture.clock.advance(61);
    assert_ne!(*fixture.refresh(&passes[0].refresh_token).await.unwrap().refresh_token, *passes[0].refresh_token);
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
    assert_eq!(fixture.auth.metrics.grace_answer(), 2, "this one is the second");
}

#[tokio::test]
async fn in_the_dead_zone_the_client_is_told_when_to_come_back() {
    let fixture = Fixture::new().await;
    let first = fixture.login().await;
    let second = fixture.refresh(&first.refresh_token).await.unwrap();
    fixture.clock.advance(40);
    let waiting = fixture.refresh(&first.refresh_token).await;
    assert!(matches!(waiting, Err(AuthError::Wait { seconds: 21 })));
    assert!(matches!(fixture.see_cookies(None, Some(&first.refresh_token)).await, Err(AuthError::Wait { .. })));
    fixture.clock.advance(21);
    let late = fixture.refresh(&first.refresh_token).await.unwrap();
    assert_ne!(*late.refresh_token, *second.refresh_token);
}

#[tokio::test]
async fn a_token_of_the_past_ends_the_session_with_all_its_tokens() {
    let fixture = Fixture::strict().await;
    let first = fixture.login().await;
    let second = fixture.refresh(&first.refresh_token).await.unwrap();
    let third = fixture.refresh(&second.refresh_token).await.unwrap();
    for token in [&first, &second, &third] {
        assert!(fixture.is_over(&token.refresh_token, Refusal::Ended(End::Stolen)).await);
    }
    let seen = fixture.see_bearer(&third.access_token).await;
    assert!(matches!(seen, Err(AuthError::InvalidToken(TokenFault::SessionOver))));
}

#[tokio::test]
async fn in_strict_mode_every_use_gives_another_token() {
    let fixture = Fixture::strict().await;
    let mut pass = fixture.login().await;
    for _ in 0..10 {
        fixture.calls.take();
        let next = fixture.refresh(&pass.refresh_token).await.unwrap();
        assert_eq!(fixture.calls.take(), (2, 1));
        assert_ne!(*next.refresh_token, *pass.refresh_token);
        pass = next;
    }
}

#[tokio::test]
async fn what_is_no_token_of_ours_fails_before_the_store_is_asked() {
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
async fn a_refresh_token_goes_back_only_the_way_it_came() {
    let fixture = Fixture::new().await;
    let pass = fixture.login().await;
    let other_way = fixture.auth.refresh(&pass.refresh_token, Transport::Body, ADDRESS).await;
    assert!(matches!(other_way, Err(AuthError::WrongTransport)));
    assert!(fixture.refresh(&pass.refresh_token).await.is_ok());
}

#[tokio::test]
async fn an_idle_session_expires_and_an_access_token_never_outlives_its_session() {
    let fixture = Fixture::new().await;
    let mut pass = fixture.login().await;
    for _ in 0..5 {
        fixture.clock.advance(950);
        pass = fixture.refresh(&pass.refresh_token).await.unwrap();
    }
    assert_eq!((pass.expires_in, pass.session_expires_in), (250, 250));
    fixture.clock.advance(250);
    assert!(fixture.is_over(&pass.refresh_token, Refusal::Expired).await);
}

#[tokio::test]
async fn of_a_sign_out_and_renewals_at_once_the_sign_out_stays() {
    for _ in 0..20 {
        let fixture = Fixture::strict().await;
        let pass = fixture.login().await;
        let renewals = join_all((0..4).map(|_| fixture.refresh(&pass.refresh_token)));
        let tokens = [pass.refresh_token.as_str()];
        let (renewed, ()) = tokio::join!(renewals, fixture.logout(&tokens, &[]));
        for token in renewed.into_iter().flatten().map(|pass| pass.refresh_token).chain([pass.refresh_token.clone()]) {
            let refused = fixture.refresh(&token).await;
            assert!(matches!(refused, Err(AuthError::InvalidGrant(GrantFault::Session(Refusal::Ended(_))))));
        }
    }
}
