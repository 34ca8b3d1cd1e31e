//! Limits on successful sign-ins of an account and an address, because each costs a hash and a session.
//!
//! Only successes count, so an attacker without the password uses up nothing of an owner's limit. The limit of an account applies to
//! clients that have proved that it is theirs: by a device token, a session, or the right password. So no answer reveals which
//! names exist.

use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    seconds,
    table::{Entry, Hasher, Key, Kind, Table},
};
use crate::{clock::Moment, id::UserId};

/// Slots of the tables, 16 bytes each: 2 MB in all, allocated at the start. The evicted entry is the one that is forgiven first.
const ACCOUNTS: usize = 1 << 16;
const ADDRESSES: usize = 1 << 16;

/// One account: a hundred at once, the limit of its sessions, because one more ends one of them. Then one a second: a client that
/// signs in more often, such as a script that stores no token, should keep its session.
const ACCOUNT: Rate = Rate { burst: 100, period: 1000 };

/// One address: two thousand at once, for an office or a school behind one address whose sessions all ended. Then twenty a second,
/// 72,000 an hour: an application's server that signs its users in from its own address stays below that.
const ADDRESS: Rate = Rate { burst: 2000, period: 50 };

/// A burst, and one more after each period, in milliseconds.
#[derive(Clone, Copy)]
struct Rate {
    burst: u64,
    period: u64,
}

/// The successes of one key, which time forgives one by one.
#[derive(Clone, Copy, Debug, Default)]
struct Successes {
    /// When all successes are forgiven.
    clear_at: Moment,
}

/// The recent sign-ins of accounts and addresses.
pub(crate) struct SuccessLimit {
    hasher: Hasher,
    tables: Mutex<Tables>,
}

struct Tables {
    accounts: Table<Successes>,
    addresses: Table<Successes>,
}

/// A sign-in is refused because too many succeeded before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooOften {
    /// When the next sign-in is admitted.
    pub(crate) seconds: u64,
}

impl SuccessLimit {
    /// Without sign-ins. `secret` is random bytes that only this process knows.
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        let tables = Tables { accounts: Table::new(ACCOUNTS), addresses: Table::new(ADDRESSES) };
        Self { hasher: Hasher::new(secret), tables: Mutex::new(tables) }
    }

    /// Refuses an address from which too many sign-ins succeeded, with any names.
    pub(crate) fn check_address(&self, address: IpAddr, now: Moment) -> Result<(), TooOften> {
        let key = self.hasher.address(address);
        check(&mut self.lock().addresses, key, ADDRESS, now)
    }

    /// Refuses a client of an account that signed in too often.
    pub(crate) fn check_account(&self, user: UserId, now: Moment) -> Result<(), TooOften> {
        let key = self.account(user);
        check(&mut self.lock().accounts, key, ACCOUNT, now)
    }

    /// Counts a right password from an address, or refuses it if the account signed in too often.
    pub(crate) fn count(&self, user: UserId, address: IpAddr, now: Moment) -> Result<(), TooOften> {
        let account = self.account(user);
        let address = self.hasher.address(address);
        let mut tables = self.lock();
        check(&mut tables.accounts, account, ACCOUNT, now)?;
        tables.accounts.find_or_insert(account, Successes::default()).count(ACCOUNT, now);
        tables.addresses.find_or_insert(address, Successes::default()).count(ADDRESS, now);
        Ok(())
    }

    /// By the user's id, which a new password does not change.
    fn account(&self, user: UserId) -> Key {
        self.hasher.key(Kind::User, &[user.0.as_bytes()])
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // The tables are consistent at any moment: a panic under the lock leaves nothing to repair.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(table: &mut Table<Successes>, key: Key, rate: Rate, now: Moment) -> Result<(), TooOften> {
    match table.find(key).map_or(0, |successes| successes.wait(rate, now)) {
        0 => Ok(()),
        wait => Err(TooOften { seconds: seconds(wait) }),
    }
}

impl Successes {
    /// The time until one more is admitted, in milliseconds.
    fn wait(self, rate: Rate, now: Moment) -> u64 {
        self.clear_at.millis_since(now).saturating_sub((rate.burst - 1) * rate.period)
    }

    fn count(&mut self, rate: Rate, now: Moment) {
        self.clear_at = self.clear_at.max(now).plus_millis(rate.period);
    }
}

impl Entry for Successes {
    fn weight(&self) -> (u16, Moment) {
        (0, self.clear_at)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(1_000_000 + millis)
    }

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn an_account_signs_in_a_hundred_times_at_once_and_then_once_a_second() {
        let limit = SuccessLimit::new([1; 32]);
        for number in 0..100 {
            assert_eq!(limit.count(user(1), address(number), at(0)), Ok(()));
        }
        let refused = Err(TooOften { seconds: 1 });
        assert_eq!(
            (limit.check_account(user(1), at(0)), limit.count(user(1), address(1), at(999))),
            (refused, refused)
        );
        assert_eq!(limit.check_account(user(2), at(0)), Ok(()));
        for second in 1..50 {
            assert_eq!(limit.count(user(1), address(1), at(second * 1000)), Ok(()));
            assert_eq!(limit.check_account(user(1), at(second * 1000)), refused);
        }
        // After a quiet time the burst is available again.
        for _ in 0..100 {
            assert_eq!(limit.count(user(1), address(1), at(1_000_000)), Ok(()));
        }
        assert_eq!(limit.check_account(user(1), at(1_000_000)), refused);
    }

    #[test]
    fn an_address_signs_in_two_thousand_times_at_once_and_then_twenty_times_a_second_with_any_names() {
        let limit = SuccessLimit::new([1; 32]);
        for number in 0..2000 {
            assert_eq!(limit.check_address(address(1), at(0)), Ok(()));
            limit.count(user(number), address(1), at(0)).unwrap();
        }
        assert_eq!(limit.check_address(address(1), at(0)), Err(TooOften { seconds: 1 }));
        assert_eq!((limit.check_address(address(1), at(50)), limit.check_address(address(2), at(0))), (Ok(()), Ok(())));
        // The addresses of one IPv6 customer count as one.
        let [one, same, other] = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(|text| text.parse().unwrap());
        for number in 0..2000 {
            limit.count(user(number), one, at(100_000)).unwrap();
        }
        assert_eq!(limit.check_address(same, at(100_000)), Err(TooOften { seconds: 1 }));
        assert_eq!(limit.check_address(other, at(100_000)), Ok(()));
    }

    #[test]
    fn a_refusal_counts_nothing() {
        let limit = SuccessLimit::new([1; 32]);
        for _ in 0..100 {
            limit.count(user(1), address(1), at(0)).unwrap();
        }
        for _ in 0..10_000 {
            assert!(limit.count(user(1), address(1), at(0)).is_err());
        }
        assert_eq!((limit.check_account(user(1), at(1000)), limit.check_address(address(1), at(0))), (Ok(()), Ok(())));
    }
}
