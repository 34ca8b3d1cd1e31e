//! When an attempt is admitted: delays by name and address for unknown devices, by device and session for known ones.
//!
//! The decision comes before the store is read, and is the same whether a user has the name or not. The delays of unknown devices
//! depend only on attempts of unknown devices, so a sign-in of the owner never changes them.

use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    Outcome, SignIn, TooMany,
    rules::{ADDRESS, Debt, Delay, NAME, Streak, Verdict},
    table::{Hasher, Key, Kind, Table},
};
use crate::{audit, clock::Moment, id::SessionId, metrics::Limit, user::Username};

#[cfg(test)]
mod tests;

/// Slots of the tables, 24 or 32 bytes each. They are allocated at the start.
const NAMES: usize = 1 << 17;
const ADDRESSES: usize = 1 << 18;
const STREAKS: usize = 1 << 16;

/// The delays of all names, addresses, known devices and sessions.
pub(crate) struct LoginDelays {
    hasher: Hasher,
    tables: Mutex<Tables>,
}

struct Tables {
    /// Attempts of unknown devices, by the submitted name.
    names: Table<Debt>,
    addresses: Table<Debt>,
    /// Failures in a row of known devices, and of sessions that change the password.
    streaks: Table<Streak>,
}

/// The number of slots of each table.
pub(super) struct Sizes {
    pub(super) names: usize,
    pub(super) addresses: usize,
    pub(super) streaks: usize,
}

impl Sizes {
    const DEFAULT: Self = Self { names: NAMES, addresses: ADDRESSES, streaks: STREAKS };
}

/// Where an attempt was admitted, and the delay that it causes.
#[derive(Clone, Copy)]
pub(super) enum Admission {
    Unknown { name: Key, at_name: Delay, address: Key, at_address: Delay },
    Device(StreakAdmission),
    Session(StreakAdmission),
}

/// The streak of a device or a session before an attempt, and the delay of the next attempt.
#[derive(Clone, Copy)]
pub(super) struct StreakAdmission {
    key: Key,
    before: Streak,
    delay: Delay,
}

impl LoginDelays {
    /// Without failures. `secret` is random bytes that only this process knows.
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self::with_sizes(secret, &Sizes::DEFAULT)
    }

    pub(super) fn with_sizes(secret: [u8; 32], sizes: &Sizes) -> Self {
        let tables = Tables {
            names: Table::new(sizes.names),
            addresses: Table::new(sizes.addresses),
            streaks: Table::new(sizes.streaks),
        };
        Self { hasher: Hasher::new(secret), tables: Mutex::new(tables) }
    }

    /// Admits an attempt to sign in, or returns the wait. The attempt counts as a failure until it is settled.
    pub(super) fn admit(&self, by: &SignIn<'_>, now: Moment) -> Result<Admission, TooMany> {
        let name = self.name(by.username);
        let device = by.device.map(|device| self.hasher.key(Kind::Device, &[&device.0]));
        let mut tables = self.lock();
        match device.map(|device| (device, tables.verdict_of_streak(device, now))) {
            Some((device, Verdict::Admitted)) => Ok(Admission::Device(tables.admit_streak(device, now))),
            Some((_, Verdict::Wait(millis))) => Err(TooMany::after(millis, Limit::Device)),
            // A device with too many failures in a row is treated as an unknown one.
            None | Some((_, Verdict::Exhausted)) => tables.admit_unknown(name, self.address(by.address), now),
        }
    }

    /// Admits an attempt at the current password in a session.
    pub(super) fn admit_session(&self, session: SessionId, now: Moment) -> Result<Admission, TooMany> {
        let session = self.hasher.key(Kind::Session, &[session.0.as_bytes()]);
        let mut tables = self.lock();
        tables.verdict_of_streak(session, now).or_wait(Limit::Session)?;
        Ok(Admission::Session(tables.admit_streak(session, now)))
    }

    /// Admits a registration. It costs its address as much as a failure, whatever its result.
    pub(crate) fn admit_registration(&self, address: IpAddr, now: Moment) -> Result<(), TooMany> {
        let mut tables = self.lock();
        let debt = tables.addresses.find_or_insert(self.address(address), Debt::default());
        debt.verdict(now).or_wait(Limit::Address)?;
        if debt.charge(ADDRESS, now).begins(now) {
            audit::address_limited(address);
        }
        Ok(())
    }

    /// Settles an attempt that was admitted `then`. An entry that was evicted meanwhile is restored.
    pub(super) fn settle(&self, admission: &Admission, then: Moment, outcome: Outcome) {
        let mut tables = self.lock();
        let admission = match *admission {
            Admission::Unknown { name, at_name, address, at_address } => {
                if matches!(outcome, Outcome::Succeeded | Outcome::Untried) {
                    if let Some(debt) = tables.names.find(name) {
                        debt.refund(NAME, then, at_name);
                    }
                    if let Some(debt) = tables.addresses.find(address) {
                        debt.refund(ADDRESS, then, at_address);
                    }
                }
                return;
            }
            Admission::Device(admission) | Admission::Session(admission) => admission,
        };
        let streak = tables.streaks.find_or_insert(admission.key, Streak::restored(admission.before));
        match outcome {
            Outcome::Succeeded => streak.succeed(),
            Outcome::Failed => streak.fail(),
            Outcome::Untried => streak.withdraw(admission.delay),
            Outcome::Abandoned => streak.abandon(then, admission.delay),
        }
    }

    /// The memory of the tables.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let tables = self.lock();
        tables.names.bytes() + tables.addresses.bytes() + tables.streaks.bytes()
    }

    fn name(&self, username: &Username) -> Key {
        self.hasher.key(Kind::Name, &[username.as_str().as_bytes()])
    }

    fn address(&self, address: IpAddr) -> Key {
        self.hasher.address(address)
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // The tables are consistent at any moment: a panic under the lock leaves nothing to repair.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    /// Whether the attempt causes the first delay of its address.
    pub(super) fn begins_delay_of_address(&self, now: Moment) -> bool {
        matches!(self, Self::Unknown { at_address, .. } if at_address.begins(now))
    }
}

impl Tables {
    fn verdict_of_streak(&mut self, key: Key, now: Moment) -> Verdict {
        self.streaks.find(key).map_or(Verdict::Admitted, |streak| streak.verdict(now))
    }

    fn admit_streak(&mut self, key: Key, now: Moment) -> StreakAdmission {
        let streak = self.streaks.find_or_insert(key, Streak::default());
        StreakAdmission { key, before: *streak, delay: streak.admit(now) }
    }

    /// Checks the address first: an address over its limit is refused before any step that depends on the name.
    fn admit_unknown(&mut self, name: Key, address: Key, now: Moment) -> Result<Admission, TooMany> {
        self.addresses.find_or_insert(address, Debt::default()).verdict(now).or_wait(Limit::Address)?;
        let at_name = self.names.find_or_insert(name, Debt::default());
        at_name.verdict(now).or_wait(Limit::Account)?;
        let at_name = at_name.charge(NAME, now);
        let at_address = self.addresses.find_or_insert(address, Debt::default()).charge(ADDRESS, now);
        Ok(Admission::Unknown { name, at_name, address, at_address })
    }
}

impl Verdict {
    fn or_wait(self, limit: Limit) -> Result<(), TooMany> {
        match self {
            Self::Admitted => Ok(()),
            Self::Wait(millis) => Err(TooMany::after(millis, limit)),
            Self::Exhausted => Err(TooMany::exhausted(limit)),
        }
    }
}
