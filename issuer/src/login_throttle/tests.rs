//! What the limits promise, case by case and over thirty days.

use std::net::{Ipv4Addr, Ipv6Addr};

use uuid::Uuid;

use super::*;
use crate::store::conformance::user;

mod failure_sync;
mod histories;

const SECOND: u64 = 1000;
const HOUR: u64 = 60 * 60 * SECOND;
const DAY: u64 = 24 * HOUR;
const OWNER: DeviceId = DeviceId([7; 16]);

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn ipv4(number: u32) -> IpAddr {
    Ipv4Addr::from(number).into()
}

/// A client at a name that no user has, which is limited as one that a user has.
#[derive(Clone)]
struct Guest {
    name: Username,
    /// What the store says of failures before this issuer began.
    recorded: Failures,
    address: IpAddr,
    device: Option<DeviceId>,
}

impl Guest {
    fn account(&self, login_throttle: &LoginThrottle) -> Account {
        login_throttle.account(&self.name, None)
    }

    /// An attempt that is admitted, and counted at the account.
    fn attempt(&self, login_throttle: &Arc<LoginThrottle>, now: u64) -> Result<Attempt, TooMany> {
        let by = SignIn { username: &self.name, address: self.address, device: self.device };
        let mut attempt = login_throttle.attempt(&by, at(now))?;
        attempt.count_at(self.account(login_throttle), self.recorded);
        Ok(attempt)
    }

    /// Whether an attempt is admitted; it fails.
    fn fails(&self, login_throttle: &Arc<LoginThrottle>, now: u64) -> bool {
        self.attempt(login_throttle, now).map(|attempt| attempt.settle(Outcome::Failed)).is_ok()
    }

    /// Whether an attempt is admitted and could have been right; it fails.
    fn guesses(&self, login_throttle: &Arc<LoginThrottle>, now: u64) -> bool {
        self.attempt(login_throttle, now).is_ok_and(|attempt| {
            let is_tried = !attempt.is_void();
            attempt.settle(Outcome::Failed);
            is_tried
        })
    }

    /// Fails as often as is admitted at once, and is then told to wait.
    fn fail_at_once(&self, login_throttle: &Arc<LoginThrottle>, now: u64) -> (usize, u64) {
        for failures in 0.. {
            match self.attempt(login_throttle, now) {
                Ok(attempt) => attempt.settle(Outcome::Failed),
                Err(refused) => return (failures, refused.seconds),
            }
        }
        unreachable!("there is a limit")
    }
}

/// An unknown device at a name, by an address of its own.
fn unknown(name: &str, address: u32) -> Guest {
    Guest { name: name.parse().unwrap(), recorded: Failures::default(), address: ipv4(address), device: None }
}

fn owner() -> Guest {
    Guest { device: Some(OWNER), ..unknown("owner", 1) }
}

/// So small that a flood puts out every entry.
fn small() -> Arc<LoginThrottle> {
    LoginThrottle::with_tables([1; 32], &Sizes { names: 8, addresses: 8, own: 64, accounts: 8 })
}

#[test]
fn five_unknown_devices_fail_at_a_name_and_the_sixth_waits_wherever_it_is() {
    let login_throttle = LoginThrottle::new([1; 32]);
    for address in 0..5 {
        unknown("owner", address).attempt(&login_throttle, 0).unwrap().settle(Outcome::Failed);
    }
    let by = unknown("owner", 99);
    assert_eq!(by.attempt(&login_throttle, 1).err().unwrap(), TooMany { seconds: 1, limit: Limit::Account });
    assert!(by.attempt(&login_throttle, 999).is_err());
    assert!(by.attempt(&login_throttle, 1000).is_ok());
}

#[test]
fn what_is_under_way_counts_and_what_the_issuer_could_not_try_does_not() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let by = unknown("owner", 1);
    for _ in 0..3 {
        let under_way: Vec<_> = (0..1000).filter_map(|_| by.attempt(&login_throttle, 0).ok()).collect();
        assert_eq!(under_way.len(), 5);
        for attempt in under_way {
            attempt.settle(Outcome::Untried);
        }
    }
    let under_way: Vec<_> = (0..1000).filter_map(|_| by.attempt(&login_throttle, 0).ok()).collect();
    drop(under_way);
    assert!(by.attempt(&login_throttle, 0).is_err(), "their clients hung up, which may have cost hashes");
    assert_eq!(login_throttle.due(by.account(&login_throttle)), Some(Failures::default()), "and taught them nothing");
}

#[test]
fn an_attempt_whose_count_gave_way_is_counted_again_when_it_fails() {
    let login_throttle = small();
    let by = unknown("owner", 1);
    let under_way: Vec<_> = (0..4).filter_map(|_| by.attempt(&login_throttle, 0).ok()).collect();
    for name in 0..40 {
        unknown(&format!("user{name}"), 2 + name).fail_at_once(&login_throttle, 0);
    }
    assert_eq!(login_throttle.due(by.account(&login_throttle)), None, "it gave way");
    for attempt in under_way {
        attempt.settle(Outcome::Failed);
    }
    assert_eq!(login_throttle.due(by.account(&login_throttle)), Some(Failures { unknown: 4, known: 0 }));
}

#[test]
fn a_client_that_hangs_up_is_still_counted_at_its_address() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let hang_up = |name: u32| unknown(&format!("user{name}"), 1).attempt(&login_throttle, 0).map(drop);
    assert_eq!((0..1000).filter(|name| hang_up(*name).is_ok()).count(), 60);
}

#[test]
fn an_address_over_its_limit_is_refused_before_anything_of_the_name() {
    let login_throttle = LoginThrottle::new([1; 32]);
    for name in 0..60 {
        assert!(unknown(&format!("user{name}"), 1).fails(&login_throttle, 0));
    }
    unknown("owner", 2).fail_at_once(&login_throttle, 0);
    let refused = ["owner", "another"].map(|name| unknown(name, 1).attempt(&login_throttle, 0).err().unwrap());
    assert_eq!(refused, [TooMany { seconds: 1, limit: Limit::Address }; 2]);
}

#[test]
fn one_failure_of_an_address_begins_its_delay() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let begins = (0..200).filter(|name| {
        let attempt = unknown(&format!("user{name}"), 1).attempt(&login_throttle, 0);
        attempt.is_ok_and(|attempt| {
            let begins = attempt.delays.is_some();
            attempt.settle(Outcome::Failed);
            begins
        })
    });
    assert_eq!(begins.count(), 1);
}

#[test]
fn a_success_costs_name_and_address_nothing() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let by = unknown("owner", 1);
    for _ in 0..1000 {
        by.attempt(&login_throttle, 0).unwrap().settle(Outcome::Succeeded);
    }
    assert_eq!(by.fail_at_once(&login_throttle, 0), (5, 1));
}

#[test]
fn no_unknown_device_sees_what_the_owner_does() {
    // What an attacker sees that tries every second for three hours, from one address after another, while `meanwhile` happens.
    let seen = |meanwhile: &dyn Fn(&Arc<LoginThrottle>, u64)| {
        let login_throttle = LoginThrottle::new([1; 32]);
        let mut seen = Vec::new();
        for second in 0..3 * 3600_u32 {
            let now = u64::from(second) * SECOND;
            seen.push(
                unknown("owner", second + 10)
                    .attempt(&login_throttle, now)
                    .map(|attempt| attempt.settle(Outcome::Failed)),
            );
            if second % 1000 == 0 {
                meanwhile(&login_throttle, now);
            }
        }
        seen
    };
    let alone = seen(&|_, _| {});
    let signs_in = |login_throttle: &Arc<LoginThrottle>, now| {
        owner().attempt(login_throttle, now).unwrap().settle(Outcome::Succeeded);
    };
    assert_eq!(seen(&signs_in), alone);
    let mistypes = |login_throttle: &Arc<LoginThrottle>, now| {
        owner().fails(login_throttle, now);
    };
    assert_eq!(seen(&mistypes), alone);
    let signs_in_elsewhere = |login_throttle: &Arc<LoginThrottle>, now| {
        if let Ok(attempt) = unknown("owner", 1).attempt(login_throttle, now) {
            attempt.settle(Outcome::Succeeded);
        }
    };
    assert_eq!(seen(&signs_in_elsewhere), alone);
}

#[test]
fn an_address_fails_sixty_times_and_then_once_a_minute_whatever_the_names() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let mut names = 0;
    let mut fail = |now: u64, address: IpAddr| {
        names += 1;
        Guest { address, ..unknown(&format!("user{names}"), 0) }
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
    let login_throttle = LoginThrottle::new([1; 32]);
    let mapped = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    assert_eq!(login_throttle.address(mapped), login_throttle.address(Ipv4Addr::new(192, 0, 2, 1).into()));
    assert_ne!(login_throttle.address(mapped), login_throttle.address(Ipv4Addr::new(192, 0, 2, 2).into()));
}

#[test]
fn registrations_cost_their_address_whatever_comes_of_them() {
    let login_throttle = LoginThrottle::new([1; 32]);
    assert_eq!((0..1000).filter(|_| login_throttle.attempt_registration(ipv4(1), at(0)).is_ok()).count(), 60);
    assert!(unknown("owner", 1).attempt(&login_throttle, 0).is_err());
    assert!(login_throttle.attempt_registration(ipv4(2), at(0)).is_ok());
}

#[test]
fn a_session_guesses_at_its_password_no_more_than_a_device() {
    let login_throttle = LoginThrottle::new([1; 32]);
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
    // Forty together.
    assert_eq!([3, 4, 5].map(in_a_month), [15, 15, 10]);
}

/// Thieves of so many device tokens take every chance for thirty days, and the owner, with a device of their own, signs in after
/// so many hours each time; the guesses, and how often the owner's device was not known.
fn thirty_days_of_thieves(tokens: u8, signs_in_every: u64) -> (usize, usize) {
    let login_throttle = LoginThrottle::new([1; 32]);
    let known = |device: u8, now| {
        let is_exhausted =
            login_throttle.has_exhausted_devices(owner().account(&login_throttle), Failures::default(), at(now));
        let device = (!is_exhausted).then_some(DeviceId([device; 16]));
        Guest { device, ..owner() }.attempt(&login_throttle, now)
    };
    let (mut guesses, mut unknown_to_us) = (0, 0);
    for hour in 0..30 * 24 {
        let now = hour * HOUR;
        for token in 0..tokens {
            if let Ok(attempt) = known(100 + token, now) {
                if attempt.is_known() {
                    guesses += 1;
                    attempt.settle(Outcome::Failed);
                } else {
                    attempt.settle(Outcome::Untried);
                }
            }
        }
        if hour % signs_in_every == signs_in_every / 2 {
            let attempt = known(7, now).unwrap();
            unknown_to_us += usize::from(!attempt.is_known());
            attempt.settle(Outcome::Succeeded);
        }
    }
    (guesses, unknown_to_us)
}

#[test]
fn all_stolen_device_tokens_of_an_account_have_one_budget() {
    const NEVER: u64 = 1 << 40;
    assert_eq!(thirty_days_of_thieves(1, NEVER), (15, 0));
    assert_eq!(thirty_days_of_thieves(2, NEVER), (30, 0));
    assert_eq!(thirty_days_of_thieves(60, NEVER), (40, 0));
}

#[test]
fn two_stolen_device_tokens_take_nothing_from_the_owner_and_sixty_give_ten_guesses_for_each_sign_in() {
    assert_eq!(thirty_days_of_thieves(1, 24), (15, 0));
    assert_eq!(thirty_days_of_thieves(2, 24), (30, 0));
    assert_eq!(thirty_days_of_thieves(60, 24).0, 40 + 10 * 30);
}

#[test]
fn a_device_that_failed_fifteen_times_is_an_unknown_one() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let mut known = 0;
    for round in 0..100 {
        let attempt = owner().attempt(&login_throttle, round * HOUR).unwrap();
        known += usize::from(attempt.is_known());
        attempt.settle(Outcome::Failed);
    }
    assert_eq!(known, 15);
}

#[test]
fn three_hundred_thousand_addresses_and_names_take_no_memory_and_put_out_no_count() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let hammered = unknown("owner", u32::MAX);
    for round in 0..30 {
        hammered.attempt(&login_throttle, round * HOUR / 4).unwrap().settle(Outcome::Failed);
    }
    let now = 30 * HOUR / 4;
    assert_eq!(hammered.fail_at_once(&login_throttle, now), (5, 1));
    let before = login_throttle.lock().bytes();
    for number in 0..300_000 {
        unknown(&format!("user{number}"), number).attempt(&login_throttle, now).unwrap().settle(Outcome::Failed);
    }
    assert_eq!([before, login_throttle.lock().bytes()], [15_204_352; 2]);
    let tables = login_throttle.lock();
    assert!(tables.names.len() <= NAMES && tables.accounts.len() <= ACCOUNTS && tables.addresses.len() <= ADDRESSES);
    drop(tables);
    assert_eq!(login_throttle.due(hammered.account(&login_throttle)), Some(Failures { unknown: 40, known: 0 }));
    assert_eq!(hammered.attempt(&login_throttle, now).err().unwrap().seconds, 1);
}

/// An attacker with an address for each guess takes every chance for thirty days; the owner signs in on a known device once a
/// day, after a typing mistake.
#[test]
fn thirty_days_of_guessing_give_an_attacker_ten_guesses_a_day_and_never_keep_the_owner_out() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let (mut guesses, mut sign_ins) = (0, 0);
    let (mut now, mut next_sign_in) = (0, DAY / 2);
    while now < 30 * DAY {
        let by = unknown("owner", u32::try_from(now / SECOND % 100_000).unwrap() + 10);
        match by.attempt(&login_throttle, now) {
            Ok(attempt) => {
                guesses += usize::from(!attempt.is_void());
                attempt.settle(Outcome::Failed);
            }
            Err(refused) => now = (now + refused.seconds * SECOND).min(next_sign_in),
        }
        if now >= next_sign_in {
            owner().attempt(&login_throttle, now).expect("a known device is admitted").settle(Outcome::Failed);
            let attempt = owner().attempt(&login_throttle, now).expect("a known device is admitted");
            assert!(attempt.is_known() && !attempt.is_void());
            attempt.settle(Outcome::Succeeded);
            sign_ins += 1;
            next_sign_in += DAY;
        }
    }
    assert_eq!(sign_ins, 30);
    // Sixty in a row, and ten for each sign-in of the owner.
    assert_eq!(guesses, 60 + 10 * sign_ins);
}

#[test]
fn thirty_days_without_the_owner_give_an_attacker_sixty_guesses() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let mut guesses = 0;
    for minute in 0..30 * 24 * 60_u32 {
        while let Ok(attempt) = unknown("owner", minute + 10).attempt(&login_throttle, u64::from(minute) * 60 * SECOND)
        {
            guesses += usize::from(!attempt.is_void());
            attempt.settle(Outcome::Failed);
        }
    }
    assert_eq!(guesses, 60);
}

#[test]
fn what_other_issuers_counted_counts_here() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let by = unknown("owner", 1);
    assert!(by.guesses(&login_throttle, 0));
    let elsewhere = Failures { unknown: MAX_UNKNOWN, known: 0 };
    assert!(!Guest { recorded: elsewhere, ..by.clone() }.guesses(&login_throttle, 0));
    // After a success here the record is behind.
    by.attempt(&login_throttle, 0).unwrap().settle(Outcome::Succeeded);
    assert!(Guest { recorded: elsewhere, ..by }.guesses(&login_throttle, 0));
}

impl Tables {
    fn bytes(&self) -> usize {
        self.names.bytes() + self.accounts.bytes() + self.addresses.bytes() + self.own.bytes()
    }
}

#[test]
fn an_owner_s_devices_and_sessions_take_few_positions_at_once() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let user = user(1, "owner");
    let account = login_throttle.account(&user.username, Some(&user));
    let under_way: Vec<_> = (0..u128::from(MAX_OF_OWNER))
        .map(|session| login_throttle.attempt_in_session(SessionId(Uuid::from_u128(session)), &user, at(0)).unwrap())
        .collect();
    let on_device = || owner().attempt(&login_throttle, 0).unwrap().of_owner(account);
    for _ in 0..100 {
        assert_eq!(on_device().err().unwrap(), TooMany { seconds: 1, limit: Limit::Device }, "and counts nothing");
    }
    for attempt in under_way {
        attempt.settle(Outcome::Succeeded);
    }
    assert!(on_device().is_ok());
    assert!(login_throttle.lock().owners.is_empty());
}

#[test]
fn attempts_that_may_be_of_an_earlier_password_take_no_position_of_the_owner() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let user = user(1, "owner");
    let by = |device| Guest { device: Some(DeviceId([device; 16])), ..owner() }.attempt(&login_throttle, 0).unwrap();
    let _earlier: Vec<_> = (100..200).map(by).collect();
    assert!(by(1).of_owner(login_throttle.account(&user.username, Some(&user))).is_ok());
    assert!(login_throttle.attempt_in_session(SessionId(Uuid::from_u128(1)), &user, at(0)).is_ok());
}

#[test]
fn a_new_owner_a_new_password_and_a_pardon_each_begin_a_new_count_and_change_no_delay() {
    let login_throttle = LoginThrottle::new([1; 32]);
    let user = user(1, "newcomer");
    let hashed = user.password.clone();
    let turns = [None, Some(user.clone()), Some(user.with_password(hashed)), Some(user.enabled())];
    for (address, turn) in (1..).zip(&turns) {
        let account = login_throttle.account(&user.username, turn.as_ref());
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
