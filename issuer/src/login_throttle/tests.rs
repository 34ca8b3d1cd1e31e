//! The promises of both limits together, over thirty days and over random histories.

use std::net::Ipv4Addr;

use super::{delays::Sizes, *};
use crate::user::Failures;

mod histories;
mod thirty_days;

pub(super) const SECOND: u64 = 1000;
pub(super) const HOUR: u64 = 60 * 60 * SECOND;
pub(super) const DAY: u64 = 24 * HOUR;
pub(super) const OWNER: DeviceId = DeviceId([7; 16]);

pub(super) fn new() -> LoginThrottle {
    LoginThrottle::new([[1; 32]; 2])
}

/// With tables so small that a flood evicts every entry.
pub(super) fn small() -> LoginThrottle {
    let delays = LoginDelays::with_sizes([1; 32], &Sizes { names: 8, addresses: 8, streaks: 64 });
    LoginThrottle { delays: Arc::new(delays), counts: Arc::new(FailureCounts::with_accounts([1; 32], 8)) }
}

pub(super) fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

pub(super) fn ipv4(number: u32) -> IpAddr {
    Ipv4Addr::from(number).into()
}

/// A client at a name without a user, which has the same limits as a user's.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) name: Username,
    /// The failures in the user's record.
    pub(super) recorded: Failures,
    pub(super) address: IpAddr,
    pub(super) device: Option<DeviceId>,
}

impl Client {
    pub(super) fn account(&self, login_throttle: &LoginThrottle) -> Account {
        login_throttle.counts.account(&self.name, None)
    }

    /// An admitted attempt that is counted at the account.
    pub(super) fn attempt(&self, login_throttle: &LoginThrottle, now: u64) -> Result<Attempt, TooMany> {
        let by = SignIn { username: &self.name, address: self.address, device: self.device };
        let mut attempt = login_throttle.attempt(&by, at(now))?;
        attempt.count_at(self.account(login_throttle), self.recorded);
        Ok(attempt)
    }

    /// Fails once. Returns whether the attempt was admitted.
    pub(super) fn fails(&self, login_throttle: &LoginThrottle, now: u64) -> bool {
        self.attempt(login_throttle, now).map(|attempt| attempt.settle(Outcome::Failed)).is_ok()
    }

    /// Fails once. Returns whether the password was compared.
    pub(super) fn guesses(&self, login_throttle: &LoginThrottle, now: u64) -> bool {
        self.attempt(login_throttle, now).is_ok_and(|attempt| {
            let is_compared = !attempt.is_void();
            attempt.settle(Outcome::Failed);
            is_compared
        })
    }

    /// Fails until it has to wait. Returns the failures and the wait in seconds.
    pub(super) fn fail_at_once(&self, login_throttle: &LoginThrottle, now: u64) -> (usize, u64) {
        for failures in 0.. {
            match self.attempt(login_throttle, now) {
                Ok(attempt) => attempt.settle(Outcome::Failed),
                Err(refused) => return (failures, refused.seconds),
            }
        }
        unreachable!("there is a limit")
    }
}

/// An unknown device at a name, with its own address.
pub(super) fn unknown(name: &str, address: u32) -> Client {
    Client { name: name.parse().unwrap(), recorded: Failures::default(), address: ipv4(address), device: None }
}

pub(super) fn owner() -> Client {
    Client { device: Some(OWNER), ..unknown("owner", 1) }
}

#[test]
fn a_flood_of_addresses_and_names_takes_no_memory_and_evicts_no_high_count() {
    let login_throttle = new();
    let attacked = unknown("owner", u32::MAX);
    for round in 0..30 {
        attacked.attempt(&login_throttle, round * HOUR / 4).unwrap().settle(Outcome::Failed);
    }
    let now = 30 * HOUR / 4;
    assert_eq!(attacked.fail_at_once(&login_throttle, now), (5, 1));
    let bytes = || login_throttle.delays.bytes() + login_throttle.counts.bytes();
    let before = bytes();
    for number in 0..300_000 {
        unknown(&format!("user{number}"), number).attempt(&login_throttle, now).unwrap().settle(Outcome::Failed);
    }
    assert_eq!([before, bytes()], [15_204_352; 2]);
    assert_eq!(login_throttle.counts.due(attacked.account(&login_throttle)), Some(Failures { unknown: 40, known: 0 }));
    assert_eq!(attacked.attempt(&login_throttle, now).err().unwrap().seconds, 1);
}

#[test]
fn one_failure_of_an_address_begins_its_delay() {
    let login_throttle = new();
    let begins = (0..200).filter(|name| {
        let attempt = unknown(&format!("user{name}"), 1).attempt(&login_throttle, 0);
        attempt.is_ok_and(|attempt| {
            let begins = attempt.delayed_address.is_some();
            attempt.settle(Outcome::Failed);
            begins
        })
    });
    assert_eq!(begins.count(), 1);
}
