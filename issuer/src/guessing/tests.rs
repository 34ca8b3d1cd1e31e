//! What the limits promise, case by case and over thirty days.

use std::net::{Ipv4Addr, Ipv6Addr};

use uuid::Uuid;

use super::*;
use crate::store::conformance::user;

mod histories;
mod notes;

const HOUR: u64 = 60 * 60 * 1000;
const OWNER: DeviceId = DeviceId([7; 16]);

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn ipv4(number: u32) -> IpAddr {
    Ipv4Addr::from(number).into()
}

/// Somebody at the account of `name`, by an address of their own each.
fn stranger(guessing: &Guessing, name: &str, recorded: u16, address: u32) -> SignIn {
    let account = guessing.account(&name.parse().unwrap(), None);
    SignIn { account, recorded, address: ipv4(address), device: None }
}

fn owner(guessing: &Guessing, recorded: u16) -> SignIn {
    SignIn { device: Some(OWNER), ..stranger(guessing, "owner", recorded, 1) }
}

/// So small that a flood puts out every entry.
fn small() -> Arc<Guessing> {
    Guessing::with_tables([1; 32], 8, 8, 64)
}

/// Whether an attempt is admitted; it fails.
fn fails(guessing: &Arc<Guessing>, by: &SignIn, now: u64) -> bool {
    guessing.attempt(by, at(now)).map(Attempt::failed).is_ok()
}

/// Fails as often as is admitted at once.
fn fail_at_once(guessing: &Arc<Guessing>, by: SignIn, now: u64) -> (usize, u64) {
    for failures in 0.. {
        match guessing.attempt(&by, at(now)) {
            Ok(attempt) => attempt.failed(),
            Err(refused) => return (failures, refused.seconds),
        }
    }
    unreachable!("there is a limit")
}

#[test]
fn five_strangers_fail_at_an_account_and_the_sixth_waits_whoever_they_are() {
    let guessing = Guessing::new([1; 32]);
    for address in 0..5 {
        guessing.attempt(&stranger(&guessing, "owner", 0, address), at(0)).unwrap().failed();
    }
    let by = stranger(&guessing, "owner", 0, 99);
    let refused = guessing.attempt(&by, at(1)).err().unwrap();
    assert_eq!(refused, TooMany { seconds: 1, news: Some(Told::Delayed) });
    assert_eq!(guessing.attempt(&by, at(999)).err().unwrap().news, None);
    assert!(guessing.attempt(&by, at(1000)).is_ok());
}

#[test]
fn what_is_under_way_counts_and_what_came_to_nothing_does_not() {
    let guessing = Guessing::new([1; 32]);
    let by = stranger(&guessing, "owner", 0, 1);
    let under_way: Vec<_> = (0..1000).filter_map(|_| guessing.attempt(&by, at(0)).ok()).collect();
    assert_eq!(under_way.len(), 5);
    drop(under_way);
    let under_way: Vec<_> = (0..1000).filter_map(|_| guessing.attempt(&by, at(0)).ok()).collect();
    assert_eq!(under_way.len(), 5);
    under_way.into_iter().for_each(Attempt::withdrawn);
    assert_eq!(fail_at_once(&guessing, by, 0), (5, 1));
}

#[test]
fn an_attempt_whose_row_gave_way_is_counted_again_when_it_fails() {
    let guessing = small();
    let by = stranger(&guessing, "owner", 0, 1);
    let under_way: Vec<_> = (0..4).filter_map(|_| guessing.attempt(&by, at(0)).ok()).collect();
    for name in 0..8 {
        fail_at_once(&guessing, stranger(&guessing, &format!("user{name}"), 0, 2 + name), 0);
    }
    assert_eq!(guessing.due(by.account), None, "it gave way");
    under_way.into_iter().for_each(Attempt::failed);
    assert_eq!(fail_at_once(&guessing, by, 0), (1, 1));
}

#[test]
fn whoever_hangs_up_is_still_counted_at_their_address() {
    let guessing = Guessing::new([1; 32]);
    let hang_up = |name: u32| guessing.attempt(&stranger(&guessing, &format!("user{name}"), 0, 1), at(0)).map(drop);
    assert_eq!((0..1000).filter(|name| hang_up(*name).is_ok()).count(), 60);
}

#[test]
fn a_success_ends_the_row_and_costs_the_address_nothing() {
    let guessing = Guessing::new([1; 32]);
    let by = stranger(&guessing, "owner", 0, 1);
    for round in 0..100 {
        for _ in 0..4 {
            assert!(fails(&guessing, &SignIn { address: ipv4(100 + round), ..by }, 0));
        }
        guessing.attempt(&by, at(0)).unwrap().succeeded();
        assert_eq!(guessing.due(by.account), Some(0));
    }
}

#[test]
fn a_name_that_nobody_has_is_treated_alike() {
    let run = |name: &str| {
        let guessing = Guessing::new([1; 32]);
        (0..40).map(|hour| fail_at_once(&guessing, stranger(&guessing, name, 0, 1), hour * HOUR)).collect::<Vec<_>>()
    };
    assert_eq!(run("owner"), run("nobody"));
}

#[test]
fn an_address_fails_sixty_times_and_then_once_a_minute_whatever_the_names() {
    let guessing = Guessing::new([1; 32]);
    let mut names = 0;
    let mut fail = |now: u64, address: IpAddr| {
        names += 1;
        let by = SignIn { address, ..stranger(&guessing, &format!("user{names}"), 0, 0) };
        guessing.attempt(&by, at(now)).map(Attempt::failed)
    };
    let neighbours = |host| IpAddr::from(Ipv6Addr::from((0x2001_0db8_u128 << 96) + host));
    assert_eq!((0..1000).filter(|host| fail(0, neighbours(*host)).is_ok()).count(), 60);
    assert_eq!(fail(0, neighbours(1 << 63)).err().unwrap().seconds, 1);
    assert!(fail(0, neighbours(1 << 64)).is_ok(), "another network");
    assert!(fail(0, ipv4(1)).is_ok());
    // A day at full speed: 60 at once, and about as many an hour.
    let in_a_day = (0..24 * 3600).filter(|second| fail(second * 1000, neighbours(2)).is_ok()).count();
    assert!((1400..1520).contains(&in_a_day), "{in_a_day}");
}

#[test]
fn an_ipv4_address_in_ipv6_is_itself() {
    let guessing = Guessing::new([1; 32]);
    let mapped = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    assert_eq!(guessing.address(mapped), guessing.address(Ipv4Addr::new(192, 0, 2, 1).into()));
    assert_ne!(guessing.address(mapped), guessing.address(Ipv4Addr::new(192, 0, 2, 2).into()));
}

#[test]
fn registrations_cost_their_address_whatever_comes_of_them() {
    let guessing = Guessing::new([1; 32]);
    assert_eq!((0..1000).filter(|_| guessing.attempt_registration(ipv4(1), at(0)).is_ok()).count(), 60);
    assert!(guessing.attempt(&stranger(&guessing, "owner", 0, 1), at(0)).is_err());
    assert!(guessing.attempt_registration(ipv4(2), at(0)).is_ok());
}

#[test]
fn a_session_guesses_at_its_password_no_more_than_a_device() {
    let guessing = Guessing::new([1; 32]);
    let account = guessing.account(&"owner".parse().unwrap(), None);
    let attempt = |session, now| guessing.attempt_in_session(SessionId(Uuid::from_u128(session)), account, at(now));
    for _ in 0..10 {
        attempt(1, 0).unwrap().failed();
    }
    assert_eq!(attempt(1, 0).err().unwrap().seconds, 1);
    assert!(attempt(2, 0).is_ok());
    attempt(1, 1000).unwrap().succeeded();
    assert!(attempt(1, 1000).is_ok());
    let in_a_year = (0..365 * 24 * 4).filter(|round| attempt(3, round * HOUR / 4).map(Attempt::failed).is_ok()).count();
    assert_eq!(in_a_year, usize::from(MOST_FAILURES));
}

#[test]
fn a_device_that_failed_a_hundred_times_is_a_stranger() {
    let guessing = Guessing::new([1; 32]);
    let mut round = 0;
    let mut known = 0;
    while let Ok(attempt) = guessing.attempt(&owner(&guessing, 0), at(round * HOUR)) {
        known += usize::from(attempt.is_known());
        attempt.failed();
        round += 1;
    }
    assert_eq!((known, round), (100, 200));
}

#[test]
fn a_million_addresses_and_names_take_no_memory_and_put_out_nobody() {
    let guessing = Guessing::new([1; 32]);
    let hammered = stranger(&guessing, "owner", 0, u32::MAX);
    for hour in 0..30 {
        guessing.attempt(&hammered, at(hour * HOUR)).unwrap().failed();
    }
    let before = guessing.lock().bytes();
    for number in 0..1_000_000 {
        let by = stranger(&guessing, &format!("user{number}"), 0, number);
        guessing.attempt(&by, at(30 * HOUR)).unwrap().failed();
    }
    let now = guessing.lock().bytes();
    assert_eq!((before, now), (11_010_048, 11_010_048));
    assert!(guessing.lock().accounts.len() <= ACCOUNTS && guessing.lock().addresses.len() <= ADDRESSES);
    assert_eq!(guessing.due(hammered.account), Some(30));
    guessing.attempt(&hammered, at(30 * HOUR)).unwrap().failed();
    assert_eq!(guessing.attempt(&hammered, at(30 * HOUR)).err().unwrap().seconds, 900);
}

/// An attacker with an address for each guess takes every chance for thirty days; the owner signs in on a known device once a
/// day, after a typing mistake.
#[test]
fn thirty_days_of_guessing_give_an_attacker_four_hundred_guesses_and_never_keep_the_owner_out() {
    const SECOND: u64 = 1000;
    const DAY: u64 = 24 * HOUR;
    let guessing = Guessing::new([1; 32]);
    let (mut guesses, mut sign_ins) = (0, 0);
    let mut now = 0;
    let mut next_sign_in = DAY / 2;
    while now < 30 * DAY {
        let by = stranger(&guessing, "owner", 0, u32::try_from(now / SECOND % 100_000).unwrap() + 10);
        match guessing.attempt(&by, at(now)) {
            Ok(attempt) => {
                guesses += 1;
                attempt.failed();
            }
            Err(refused) => now = (now + refused.seconds * SECOND).min(next_sign_in),
        }
        if now >= next_sign_in {
            guessing.attempt(&owner(&guessing, 0), at(now)).expect("a known device is let in").failed();
            let attempt = guessing.attempt(&owner(&guessing, 0), at(now)).expect("a known device is let in");
            assert!(attempt.is_known());
            attempt.succeeded();
            sign_ins += 1;
            next_sign_in += DAY;
        }
    }
    assert_eq!(sign_ins, 30);
    // A hundred in a row, and ten for each sign-in of the owner.
    assert_eq!(guesses, 100 + 10 * sign_ins);
}

#[test]
fn thirty_days_without_the_owner_give_an_attacker_a_hundred_guesses() {
    let guessing = Guessing::new([1; 32]);
    let mut guesses = 0;
    for minute in 0..30 * 24 * 60 {
        let by = stranger(&guessing, "owner", 0, minute + 10);
        guesses += fail_at_once(&guessing, by, u64::from(minute) * 60 * 1000).0;
    }
    assert_eq!(guesses, 100);
}

impl Tables {
    fn bytes(&self) -> usize {
        self.accounts.bytes() + self.addresses.bytes() + self.own.bytes()
    }
}

#[test]
fn an_owner_s_devices_and_sessions_take_few_places_at_once() {
    let guessing = Guessing::new([1; 32]);
    let account = guessing.account(&"owner".parse().unwrap(), None);
    let under_way: Vec<_> = (0..u128::from(MOST_OF_OWNER))
        .map(|session| guessing.attempt_in_session(SessionId(Uuid::from_u128(session)), account, at(0)).unwrap())
        .collect();
    assert_eq!(guessing.attempt(&owner(&guessing, 0), at(0)).err().unwrap().seconds, 1);
    under_way.into_iter().for_each(Attempt::succeeded);
    assert!(guessing.attempt(&owner(&guessing, 0), at(0)).is_ok());
    assert!(guessing.lock().owners.is_empty());
}

#[test]
fn a_new_owner_a_new_password_and_a_pardon_each_begin_a_new_count_while_the_old_one_goes_on() {
    let guessing = Guessing::new([1; 32]);
    let user = user(1, "newcomer");
    let hashed = user.password.clone();
    let turns = [None, Some(user.clone()), Some(user.with_password(hashed)), Some(user.enabled())];
    let at_turn = |turn: &Option<User>, address| {
        let account = guessing.account(&user.username, turn.as_ref());
        SignIn { account, ..stranger(&guessing, "newcomer", 0, address) }
    };
    for (address, turn) in (1..).zip(&turns) {
        assert_eq!(fail_at_once(&guessing, at_turn(turn, address), 0), (5, 1));
    }
    assert!(turns.iter().all(|turn| guessing.attempt(&at_turn(turn, 99), at(0)).is_err()));
}
