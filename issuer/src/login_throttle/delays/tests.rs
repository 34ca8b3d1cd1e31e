//! The delays, case by case.

use std::net::{Ipv4Addr, Ipv6Addr};

use uuid::Uuid;

use super::*;
use crate::{
    login_throttle::{LoginThrottle, tests::*},
    store::conformance::user,
    user::Failures,
};

#[test]
fn after_five_failures_at_a_name_every_unknown_device_waits() {
    let login_throttle = new();
    for address in 0..5 {
        unknown("owner", address).attempt(&login_throttle, 0).unwrap().settle(Outcome::Failed);
    }
    let by = unknown("owner", 99);
    assert_eq!(by.attempt(&login_throttle, 1).err().unwrap(), TooMany { seconds: 1, limit: Limit::Account });
    assert!(by.attempt(&login_throttle, 999).is_err());
    assert!(by.attempt(&login_throttle, 1000).is_ok());
}

#[test]
fn a_running_attempt_counts_and_an_untried_one_does_not() {
    let login_throttle = new();
    let by = unknown("owner", 1);
    for _ in 0..3 {
        let running: Vec<_> = (0..1000).filter_map(|_| by.attempt(&login_throttle, 0).ok()).collect();
        assert_eq!(running.len(), 5);
        for attempt in running {
            attempt.settle(Outcome::Untried);
        }
    }
    let running: Vec<_> = (0..1000).filter_map(|_| by.attempt(&login_throttle, 0).ok()).collect();
    drop(running);
    assert!(by.attempt(&login_throttle, 0).is_err(), "the abandoned attempts may have cost hashes");
    assert_eq!(
        login_throttle.counts.due(by.account(&login_throttle)),
        Some(Failures::default()),
        "and their clients learned nothing"
    );
}

#[test]
fn an_abandoned_attempt_counts_at_its_address() {
    let login_throttle = new();
    let hang_up = |name: u32| unknown(&format!("user{name}"), 1).attempt(&login_throttle, 0).map(drop);
    assert_eq!((0..1000).filter(|name| hang_up(*name).is_ok()).count(), 60);
}

#[test]
fn an_address_over_its_limit_is_refused_for_any_name() {
    let login_throttle = new();
    for name in 0..60 {
        assert!(unknown(&format!("user{name}"), 1).fails(&login_throttle, 0));
    }
    unknown("owner", 2).fail_at_once(&login_throttle, 0);
    let refused = ["owner", "another"].map(|name| unknown(name, 1).attempt(&login_throttle, 0).err().unwrap());
    assert_eq!(refused, [TooMany { seconds: 1, limit: Limit::Address }; 2]);
}

#[test]
fn a_success_costs_name_and_address_nothing() {
    let login_throttle = new();
    let by = unknown("owner", 1);
    for _ in 0..1000 {
        by.attempt(&login_throttle, 0).unwrap().settle(Outcome::Succeeded);
    }
    assert_eq!(by.fail_at_once(&login_throttle, 0), (5, 1));
}

#[test]
fn no_sign_in_of_the_owner_changes_the_delays_of_unknown_devices() {
    // The answers to an attacker that tries every second for three hours, each time from another address, while `meanwhile` happens.
    let answers_while = |meanwhile: &dyn Fn(&LoginThrottle, u64)| {
        let login_throttle = new();
        let mut answers = Vec::new();
        for second in 0..3 * 3600_u32 {
            let now = u64::from(second) * SECOND;
            answers.push(
                unknown("owner", second + 10)
                    .attempt(&login_throttle, now)
                    .map(|attempt| attempt.settle(Outcome::Failed)),
            );
            if second % 1000 == 0 {
                meanwhile(&login_throttle, now);
            }
        }
        answers
    };
    let alone = answers_while(&|_, _| {});
    let signs_in = |login_throttle: &LoginThrottle, now| {
        owner().attempt(login_throttle, now).unwrap().settle(Outcome::Succeeded);
    };
    assert_eq!(answers_while(&signs_in), alone);
    let mistypes = |login_throttle: &LoginThrottle, now| {
        owner().fails(login_throttle, now);
    };
    assert_eq!(answers_while(&mistypes), alone);
    let signs_in_elsewhere = |login_throttle: &LoginThrottle, now| {
        if let Ok(attempt) = unknown("owner", 1).attempt(login_throttle, now) {
            attempt.settle(Outcome::Succeeded);
        }
    };
    assert_eq!(answers_while(&signs_in_elsewhere), alone);
}

#[test]
fn an_address_fails_sixty_times_and_then_once_a_minute_with_any_names() {
    let login_throttle = new();
    let mut names = 0;
    let mut fail = |now: u64, address: IpAddr| {
        names += 1;
        Client { address, ..unknown(&format!("user{names}"), 0) }
            .attempt(&login_throttle, now)
            .map(|attempt| attempt.settle(Outcome::Failed))
    };
    let neighbors = |host| IpAddr::from(Ipv6Addr::from((0x2001_0db8_u128 << 96) + host));
    assert_eq!((0..1000).filter(|host| fail(0, neighbors(*host)).is_ok()).count(), 60);
    assert_eq!(fail(0, neighbors(1 << 63)).err().unwrap().seconds, 1);
    assert!(fail(0, neighbors(1 << 64)).is_ok(), "another network");
    assert!(fail(0, ipv4(1)).is_ok());
    // A day at full speed: 60 at once, and about as many an hour.
    let in_a_day = (0..24 * 3600).filter(|second| fail(second * SECOND, neighbors(2)).is_ok()).count();
    assert!((1400..1520).contains(&in_a_day), "{in_a_day}");
}

#[test]
fn an_ipv4_address_in_ipv6_is_itself() {
    let login_throttle = new();
    let mapped = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    assert_eq!(
        login_throttle.delays.address(mapped),
        login_throttle.delays.address(Ipv4Addr::new(192, 0, 2, 1).into())
    );
    assert_ne!(
        login_throttle.delays.address(mapped),
        login_throttle.delays.address(Ipv4Addr::new(192, 0, 2, 2).into())
    );
}

#[test]
fn a_registration_costs_its_address_a_failure() {
    let login_throttle = new();
    assert_eq!((0..1000).filter(|_| login_throttle.delays.admit_registration(ipv4(1), at(0)).is_ok()).count(), 60);
    assert!(unknown("owner", 1).attempt(&login_throttle, 0).is_err());
    assert!(login_throttle.delays.admit_registration(ipv4(2), at(0)).is_ok());
}

#[test]
fn a_session_has_as_few_guesses_as_a_device() {
    let login_throttle = new();
    let user = user(1, "owner");
    let attempt = |session, now| login_throttle.attempt_in_session(SessionId(Uuid::from_u128(session)), &user, at(now));
    for _ in 0..10 {
        attempt(1, 0).unwrap().settle(Outcome::Failed);
    }
    assert_eq!(attempt(1, 0).err().unwrap(), TooMany { seconds: 1, limit: Limit::Session });
    assert!(attempt(2, 0).is_ok());
    attempt(1, SECOND).unwrap().settle(Outcome::Succeeded);
    assert!(attempt(1, SECOND).is_ok());
    let in_a_month = |session| {
        let rounds = 0..30 * 24 * 4;
        rounds
            .filter(|round| attempt(session, round * HOUR / 4).map(|attempt| attempt.settle(Outcome::Failed)).is_ok())
            .count()
    };
    // The limit of the account is forty.
    assert_eq!([3, 4, 5].map(in_a_month), [15, 15, 10]);
}

#[test]
fn after_fifteen_failures_a_device_counts_as_unknown() {
    let login_throttle = new();
    let mut known = 0;
    for round in 0..100 {
        let attempt = owner().attempt(&login_throttle, round * HOUR).unwrap();
        known += usize::from(attempt.is_known());
        attempt.settle(Outcome::Failed);
    }
    assert_eq!(known, 15);
}
