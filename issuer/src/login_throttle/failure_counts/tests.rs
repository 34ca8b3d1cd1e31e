//! The counts of accounts, case by case.

use uuid::Uuid;

use super::*;
use crate::{
    device_token::DeviceId,
    id::SessionId,
    login_throttle::{SignIn, TooMany, tests::*},
    metrics::Limit,
    store::conformance::user,
};

#[test]
fn an_attempt_whose_count_was_evicted_is_counted_again_when_it_fails() {
    let login_throttle = small();
    let by = unknown("owner", 1);
    let running: Vec<_> = (0..4).filter_map(|_| by.attempt(&login_throttle, 0).ok()).collect();
    for name in 0..40 {
        unknown(&format!("user{name}"), 2 + name).fail_at_once(&login_throttle, 0);
    }
    assert_eq!(login_throttle.counts.due(by.account(&login_throttle)), None, "it was evicted");
    for attempt in running {
        attempt.settle(Outcome::Failed);
    }
    assert_eq!(login_throttle.counts.due(by.account(&login_throttle)), Some(Failures { unknown: 4, known: 0 }));
}

#[test]
fn failures_at_other_issuers_count_here() {
    let login_throttle = new();
    let by = unknown("owner", 1);
    assert!(by.guesses(&login_throttle, 0));
    let elsewhere = Failures { unknown: MAX_UNKNOWN, known: 0 };
    assert!(!Client { recorded: elsewhere, ..by.clone() }.guesses(&login_throttle, 0));
    // After a success here the record is out of date.
    by.attempt(&login_throttle, 0).unwrap().settle(Outcome::Succeeded);
    assert!(Client { recorded: elsewhere, ..by }.guesses(&login_throttle, 0));
}

#[test]
fn an_owner_s_devices_and_sessions_have_five_slots() {
    let login_throttle = new();
    let user = user(1, "owner");
    let account = login_throttle.counts.account(&user.username, Some(&user));
    let running: Vec<_> = (0..u128::from(MAX_OF_OWNER))
        .map(|session| login_throttle.attempt_in_session(SessionId(Uuid::from_u128(session)), &user, at(0)).unwrap())
        .collect();
    let on_device = || owner().attempt(&login_throttle, 0).unwrap().take_owner_slot(account);
    for _ in 0..100 {
        assert_eq!(
            on_device().err().unwrap(),
            TooMany { seconds: 1, limit: Limit::Device },
            "a refusal counts nothing"
        );
    }
    for attempt in running {
        attempt.settle(Outcome::Succeeded);
    }
    assert!(on_device().is_ok());
    assert!(login_throttle.counts.lock().owner_attempts.is_empty());
}

#[test]
fn attempts_with_device_tokens_of_an_earlier_password_take_no_slot_of_the_owner() {
    let login_throttle = new();
    let user = user(1, "owner");
    let by = |device| Client { device: Some(DeviceId([device; 16])), ..owner() }.attempt(&login_throttle, 0).unwrap();
    let _earlier: Vec<_> = (100..200).map(by).collect();
    assert!(by(1).take_owner_slot(login_throttle.counts.account(&user.username, Some(&user))).is_ok());
    assert!(login_throttle.attempt_in_session(SessionId(Uuid::from_u128(1)), &user, at(0)).is_ok());
}

#[test]
fn a_new_owner_a_new_password_and_a_pardon_each_begin_a_new_count_and_change_no_delay() {
    let login_throttle = new();
    let user = user(1, "newcomer");
    let hashed = user.password.clone();
    let turns = [None, Some(user.clone()), Some(user.with_password(hashed)), Some(user.enabled())];
    for (address, turn) in (1..).zip(&turns) {
        let account = login_throttle.counts.account(&user.username, turn.as_ref());
        let mut tried = 0;
        for round in 0..100 {
            let by = SignIn { username: &user.username, address: ipv4(address), device: None };
            let mut attempt = login_throttle.attempt(&by, at(u64::from(address) * 100 * DAY + round * HOUR)).unwrap();
            attempt.count_at(account, Failures::default());
            tried += u16::from(!attempt.is_void());
            attempt.settle(Outcome::Failed);
        }
        assert_eq!(tried, MAX_UNKNOWN);
    }
}
