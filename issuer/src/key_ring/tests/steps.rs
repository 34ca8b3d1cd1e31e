//! Each step of a key, and the conditions that prevent it.

use super::*;

fn signing_name(ring: &Ring) -> String {
    ring.in_use(Kind::Signing).unwrap().name.0.clone()
}

fn rotate(issuer: &mut Issuer, kind: Kind, seconds: u64) -> Result<Rotated, NoRotation> {
    let fresh = draw_fresh(&issuer.ring, &master()).unwrap();
    let (ring, rotated) = issuer.ring.rotate(kind, at(seconds), &fresh)?;
    issuer.ring = ring;
    Ok(rotated)
}

fn revoke(issuer: &mut Issuer, name: &str, seconds: u64) -> Result<Revoked, NoRevocation> {
    let fresh = draw_fresh(&issuer.ring, &master()).unwrap();
    let (ring, revoked) = issuer.ring.revoke(name, at(seconds), &fresh)?;
    issuer.ring = ring;
    Ok(revoked)
}

#[test]
fn a_fresh_ring_has_a_key_in_use_and_one_published_of_each_kind() {
    let ring = rung(0);
    for kind in [Kind::Signing, Kind::RefreshTokens] {
        let (used, published, retired) = stages(&ring, kind);
        assert_eq!((used.len(), published.len(), retired.len()), (1, 1, 0));
    }
    assert_eq!(Issuer::over(ring.clone()).read(5), &ring, "nothing more is due");
}

#[test]
fn a_key_is_replaced_after_its_period_by_the_one_that_was_published() {
    let mut issuer = Issuer::over(rung(0));
    let first = signing_name(&issuer.ring);
    let second = issuer.ring.standby(Kind::Signing).unwrap().name.0.clone();
    issuer.run(30 * DAY - 400, 30 * DAY - 1);
    assert_eq!(signing_name(&issuer.ring), first);
    issuer.read(30 * DAY);
    let (used, published, retired) = stages(&issuer.ring, Kind::Signing);
    assert_eq!((used, retired), (vec![second.as_str()], vec![first.as_str()]));
    assert_eq!(published.len(), 1);
    assert_eq!(stages(&issuer.ring, Kind::RefreshTokens).2.len(), 0, "the other kind has a period of its own");
}

#[test]
fn a_key_signs_only_after_an_issuer_has_observed_it_for_longer_than_any_verifier_keeps_a_set() {
    // The period is over, and by the times in the ring the next key was published long ago. But this issuer has just
    // begun to observe, and the writer of the ring may have had a wrong clock.
    let mut issuer = Issuer::over(rung(0));
    let first = signing_name(&issuer.ring);
    let begun = 40 * DAY;
    issuer.run(begun, begun + 329);
    assert_eq!(signing_name(&issuer.ring), first);
    issuer.read(begun + 330);
    assert_ne!(signing_name(&issuer.ring), first);
}

#[test]
fn a_retired_key_stays_until_all_its_tokens_have_expired() {
    let mut issuer = Issuer::over(rung(0));
    let first = signing_name(&issuer.ring);
    assert!(matches!(rotate(&mut issuer, Kind::Signing, 400), Ok(Rotated::Now { .. })));
    // An issuer's view (30 s), a token's life (600 s), the verifiers' leeway (60 s), clocks and a slow swap (60 s).
    issuer.run(400, 400 + 749);
    assert_eq!(stages(&issuer.ring, Kind::Signing).2, [&first]);
    issuer.read(400 + 750);
    assert_eq!(stages(&issuer.ring, Kind::Signing).2, [] as [&str; 0]);
}

#[test]
fn the_longest_token_life_of_all_issuers_counts() {
    let mut other = Issuer::over(rung(0));
    other.wishes.lives.access_tokens = 3 * 60 * 60;
    other.wishes.timing = Timing { max_age: 200, lag: 40 };
    let ring = other.read(5).clone();
    assert_eq!(ring.timing, Timing { max_age: 300, lag: 40 });
    let mut issuer = Issuer::over(ring);
    rotate(&mut issuer, Kind::Signing, 500).unwrap();
    issuer.run(500, 500 + 3 * 60 * 60);
    assert_eq!(stages(&issuer.ring, Kind::Signing).2.len(), 1);
    issuer.read(500 + 3 * 60 * 60 + 200);
    assert_eq!(stages(&issuer.ring, Kind::Signing).2.len(), 0);
}

#[test]
fn a_retired_refresh_token_key_stays_for_the_current_session_lifetime() {
    let mut issuer = Issuer::over(rung(0));
    let first = issuer.ring.in_use(Kind::RefreshTokens).unwrap().name.0.clone();
    rotate(&mut issuer, Kind::RefreshTokens, 400).unwrap();
    let has_first = |issuer: &Issuer| stages(&issuer.ring, Kind::RefreshTokens).2.contains(&first.as_str());
    // A session's expiry is computed from its record: a longer lifetime applies to existing sessions too.
    issuer.wishes.lives.refresh_tokens = 365 * DAY;
    issuer.run(500, 900);
    issuer.run(360 * DAY, 360 * DAY + 4000);
    assert!(has_first(&issuer));
    issuer.run(367 * DAY, 367 * DAY + 4000);
    assert!(!has_first(&issuer));
}

#[test]
fn another_algorithm_is_published_first_and_then_signs_everywhere() {
    let mut issuer = Issuer::over(rung(0));
    let first = signing_name(&issuer.ring);
    issuer.ring.wanted.algorithm = SigningAlgorithm::Es256;
    issuer.read(10);
    assert_eq!(signing_name(&issuer.ring), first);
    let standby = issuer.ring.standby(Kind::Signing).unwrap().clone();
    assert_eq!(standby.purpose, Purpose::Signing(SigningAlgorithm::Es256));
    issuer.run(10, 339);
    assert_eq!(signing_name(&issuer.ring), first);
    issuer.read(341);
    assert_eq!(signing_name(&issuer.ring), standby.name.0);
    assert!(issuer.ring.of(Kind::Signing).all(|key| key.name.0 == first || key.purpose == standby.purpose));
}

#[test]
fn an_issuer_with_a_shared_secret_makes_no_signing_key_and_leaves_those_of_others_alone() {
    let mut issuer = Issuer::over(empty());
    issuer.wishes.signs = false;
    let ring = issuer.read(0).clone();
    assert_eq!((ring.of(Kind::Signing).count(), ring.of(Kind::RefreshTokens).count()), (0, 2));
    let ring = Issuer::over(ring).read(10).clone();
    assert_eq!(ring.of(Kind::Signing).count(), 2, "another that signs puts one into use at once");
    issuer.ring = ring.clone();
    issuer.ring.wanted.signing_period = Some(1);
    issuer.run(10, 1000);
    assert_eq!(signing_name(&issuer.ring), signing_name(&ring));
}

#[test]
fn an_order_to_rotate_takes_effect_once_every_verifier_can_have_the_key() {
    let mut issuer = Issuer::over(rung(0));
    let next = issuer.ring.standby(Kind::Signing).unwrap().name.clone();
    let early = rotate(&mut issuer, Kind::Signing, 100).unwrap();
    assert_eq!(early, Rotated::At { key: next.clone(), time: at(390) });
    assert_eq!(rotate(&mut issuer, Kind::Signing, 101).unwrap(), early, "a second order is the same");
    issuer.run(102, 431);
    assert_ne!(signing_name(&issuer.ring), next.0);
    issuer.read(432);
    assert_eq!(signing_name(&issuer.ring), next.0);
    let after = issuer.ring.standby(Kind::Signing).unwrap().name.clone();
    assert_eq!(rotate(&mut issuer, Kind::Signing, 432 + 390).unwrap(), Rotated::Now { key: after });
    assert!(rotate(&mut Issuer::over(empty()), Kind::Signing, 0).is_err());
}

#[test]
fn a_full_ring_refuses_a_rotation_and_reports_when_it_has_room() {
    let mut issuer = Issuer::over(rung(0));
    let mut orders = 0;
    let refused = loop {
        orders += 1;
        match rotate(&mut issuer, Kind::RefreshTokens, orders * 100) {
            Ok(rotated) => assert!(matches!(rotated, Rotated::Now { .. })),
            Err(refused) => break refused,
        }
    };
    assert_eq!(issuer.ring.of(Kind::RefreshTokens).count(), MAX_KEYS);
    assert_eq!(refused, NoRotation::Full { until: at(100 + 30 + 90 * DAY + DAY + 60) });
    let full = issuer.ring.clone();
    issuer.run(100 * DAY - 1000, 100 * DAY - 900);
    assert_eq!(issuer.ring.in_use(Kind::RefreshTokens), full.in_use(Kind::RefreshTokens));
    // A revocation is never refused, since the revoked key makes room.
    for _ in 0..40 {
        let used = issuer.ring.in_use(Kind::RefreshTokens).unwrap().name.0.clone();
        revoke(&mut issuer, &used, 100 * DAY).unwrap();
        assert_eq!(issuer.ring.of(Kind::RefreshTokens).count(), MAX_KEYS);
    }
}

#[test]
fn a_revoked_key_is_removed_immediately_and_the_published_one_signs() {
    let mut issuer = Issuer::over(rung(0));
    let used = signing_name(&issuer.ring);
    let next = issuer.ring.standby(Kind::Signing).unwrap().name.clone();
    let revoked = revoke(&mut issuer, &used, 1000).unwrap();
    assert_eq!(revoked.gone_at, at(1300));
    assert_eq!(revoked.successor, Some(Successor { key: next.clone(), unknown_until: None }));
    assert!(issuer.ring.keys.iter().all(|key| key.name.0 != used));
    assert_eq!(signing_name(&issuer.ring), next.0);
    // A second revocation comes before verifiers can have the new standby: it signs, and the answer reports that.
    let standby = issuer.ring.standby(Kind::Signing).unwrap().name.clone();
    let revoked = revoke(&mut issuer, &next.0, 1100).unwrap();
    assert_eq!(revoked.successor, Some(Successor { key: standby, unknown_until: Some(at(1390)) }));
    assert_eq!(stages(&issuer.ring, Kind::Signing).1.len(), 1);
}

#[test]
fn a_key_is_revoked_by_its_name_or_an_unambiguous_prefix() {
    let mut issuer = Issuer::over(rung(0));
    let used = signing_name(&issuer.ring);
    assert_eq!(revoke(&mut issuer, "none", 5), Err(NoRevocation::NoSuchKey("none".into())));
    assert_eq!(revoke(&mut issuer, &used[..3], 5), Err(NoRevocation::NoSuchKey(used[..3].into())));
    let twin = Key { name: KeyName(format!("{}x", &used[..10])), ..issuer.ring.keys[1].clone() };
    issuer.ring.keys.push(twin);
    assert_eq!(revoke(&mut issuer, &used[..8], 5), Err(NoRevocation::Ambiguous(used[..8].into())));
    assert_eq!(revoke(&mut issuer, &used[..11], 5).unwrap().key.0, used);
    assert_eq!(revoke(&mut issuer, &used, 9), Err(NoRevocation::Already { name: KeyName(used), at: at(5) }));
}

#[test]
fn a_key_that_retired_or_waits_is_revoked_without_a_successor() {
    let mut issuer = Issuer::over(rung(0));
    rotate(&mut issuer, Kind::Signing, 400).unwrap();
    let used = signing_name(&issuer.ring);
    let others: Vec<_> =
        issuer.ring.of(Kind::Signing).map(|key| key.name.0.clone()).filter(|name| *name != used).collect();
    for name in others {
        assert_eq!(revoke(&mut issuer, &name, 500).unwrap().successor, None);
    }
    assert_eq!(signing_name(&issuer.ring), used);
    assert_eq!(stages(&issuer.ring, Kind::Signing).1.len(), 1, "another is published for the one that waited");
}

#[test]
fn an_order_to_rotate_outlives_the_revocation_of_its_key() {
    let mut issuer = Issuer::over(rung(0));
    let Ok(Rotated::At { key, .. }) = rotate(&mut issuer, Kind::Signing, 100) else { panic!("it was known already") };
    revoke(&mut issuer, &key.0, 110).unwrap();
    let standby = issuer.ring.standby(Kind::Signing).unwrap().clone();
    assert_eq!(standby.stage, Stage::Published { hurried: true });
    issuer.run(110, 450);
    assert_eq!(signing_name(&issuer.ring), standby.name.0);
}

#[test]
fn a_clock_that_is_set_ahead_and_back_loses_no_key_and_lets_none_sign_early() {
    let mut issuer = Issuer::over(rung(0));
    rotate(&mut issuer, Kind::Signing, 400).unwrap();
    issuer.run(400, 500);
    let before = issuer.ring.clone();
    // The clock is two hours ahead for five minutes, then correct.
    for passed in (510..800).step_by(10) {
        issuer.read_by(passed + 7200, passed);
    }
    assert_eq!(issuer.ring, before);
    issuer.run(800, 1100);
    assert_eq!(issuer.ring, before);
    // The observation begins again once the clock is correct.
    issuer.run(1100, 800 + 750);
    assert_eq!(stages(&issuer.ring, Kind::Signing).2.len(), 0);
}

#[test]
fn a_key_that_a_clock_far_ahead_put_into_use_is_replaced() {
    let mut issuer = Issuer::over(rung(400 * DAY));
    let first = signing_name(&issuer.ring);
    issuer.run(0, 330);
    assert_ne!(signing_name(&issuer.ring), first);
    let second = signing_name(&issuer.ring);
    issuer.run(340, 2000);
    assert_eq!(signing_name(&issuer.ring), second, "once");
}
