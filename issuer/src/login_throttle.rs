//! Guessing made useless, and no owner locked out: how often a password may be tried, by name, by address and, for a client
//! that signed in before, by device.
//!
//! Two things are kept apart. *When* an unknown device is admitted depends on what unknown devices did at that name and from
//! that address, and on nothing else: it is decided before the store is read, alike for names that exist and names that do
//! not, and no sign-in of the owner changes it. *Whether* a right password is accepted depends on a count of failures in a row
//! that no client can see: beyond so many, every attempt of an unknown device is answered as a wrong one is.
//!
//! A known device has limits of its own, which unknown devices cannot touch. An attempt is counted when it is admitted, before
//! any password is hashed.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    audit,
    clock::Moment,
    device_token::DeviceId,
    id::SessionId,
    metrics::Limit,
    user::{Failures, User, Username},
};

mod attempt;
mod failure_sync;
mod rules;
mod successes;
mod table;
mod tally;
#[cfg(test)]
mod tests;

pub(crate) use attempt::{Attempt, Outcome};
use attempt::{Held, InRow};
pub(crate) use failure_sync::FailureSync;
use rules::{ADDRESS, Debt, NAME, Row, Verdict};
pub(crate) use successes::{SuccessLimit, TooOften};
use table::{Hasher, Key, Kind, Table};
pub(crate) use tally::{AlertLevel, MAX_UNKNOWN};
use tally::{MAX_KNOWN, Tallies};

/// Slots of the tables, 24 or 32 bytes each: 15 MB in all, allocated at the start and never more. An entry that gives way costs
/// an attacker the failures of eight names in one bucket, and an existing user's count is kept in their record too.
const NAMES: usize = 1 << 17;
const ACCOUNTS: usize = 1 << 17;
const ADDRESSES: usize = 1 << 18;
const OWN_ROWS: usize = 1 << 16;

/// What a session is told to wait where there were as many failures as there may be, in seconds. Time alone does not help:
/// the owner must sign in, or the operator set a password. An hour later that may have happened.
const EXHAUSTED_WAIT: u64 = 60 * 60;

/// Attempts of an account's known devices and sessions that are under way at once: one account must not fill its lane.
const MAX_OF_OWNER: u16 = 5;

/// How often passwords were tried of late, and failed.
pub(crate) struct LoginThrottle {
    hasher: Hasher,
    tables: Mutex<Tables>,
}

struct Tables {
    /// What unknown devices did, by the name that they submitted.
    names: Table<Debt>,
    addresses: Table<Debt>,
    /// Known devices, and sessions in which a new password is asked for.
    own: Table<Row>,
    /// What no client sees, by account.
    accounts: Table<Tallies>,
    /// How many attempts of an account's known devices and sessions are under way: there are no more entries than requests.
    owners: HashMap<Key, u16>,
    /// Accounts whose users' records are being brought up to date.
    noting: HashSet<Key>,
}

/// How many slots the tables have.
struct Sizes {
    names: usize,
    addresses: usize,
    own: usize,
    accounts: usize,
}

/// An account whose failures in a row are counted: a user, with how often their credentials changed and were pardoned, or a
/// name that no user has. So a new password begins a new count, a pardon does, and so does a user who gets a name that was
/// hammered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account(Key);

/// A client that wants to sign in, as far as can be known before the store is read.
#[derive(Clone, Copy)]
pub(crate) struct SignIn<'r> {
    pub(crate) username: &'r Username,
    pub(crate) address: IpAddr,
    /// The device token that came along, where it is genuine and of that very name.
    pub(crate) device: Option<DeviceId>,
}

/// Not now: there were too many failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// When an attempt is admitted, unless another is first.
    pub(crate) seconds: u64,
    pub(crate) limit: Limit,
}

impl LoginThrottle {
    /// Nothing failed yet. `secret` is random bytes that nothing else knows.
    pub(crate) fn new(secret: [u8; 32]) -> Arc<Self> {
        Self::with_tables(secret, &Sizes { names: NAMES, addresses: ADDRESSES, own: OWN_ROWS, accounts: ACCOUNTS })
    }

    fn with_tables(secret: [u8; 32], sizes: &Sizes) -> Arc<Self> {
        let tables = Tables {
            names: Table::new(sizes.names),
            addresses: Table::new(sizes.addresses),
            own: Table::new(sizes.own),
            accounts: Table::new(sizes.accounts),
            owners: HashMap::new(),
            noting: HashSet::new(),
        };
        Arc::new(Self { hasher: Hasher::new(secret), tables: Mutex::new(tables) })
    }

    /// The account that a submitted name means: its user's, or one that no user has.
    pub(crate) fn account(&self, username: &Username, user: Option<&User>) -> Account {
        Account(match user {
            Some(User { id, credential_epoch, pardons, .. }) => {
                let counts = [credential_epoch.0.to_be_bytes(), pardons.to_be_bytes()];
                self.hasher.key(Kind::User, &[id.0.as_bytes(), &counts[0], &counts[1]])
            }
            None => self.name(username),
        })
    }

    /// Admits an attempt to sign in, or says how long to wait. It counts as a failure until it is settled. No part of this
    /// depends on whether there is a user of that name.
    pub(crate) fn attempt(self: &Arc<Self>, by: &SignIn<'_>, now: Moment) -> Result<Attempt, TooMany> {
        let name = self.name(by.username);
        let device = by.device.map(|device| self.hasher.key(Kind::Device, &[&device.0]));
        let mut tables = self.lock();
        let held = match device.map(|device| (device, tables.verdict_of_own(device, now))) {
            Some((device, Verdict::Admitted)) => Held::Device(tables.admit_own(device, now)),
            Some((_, Verdict::Wait(wait))) => return Err(TooMany { seconds: seconds(wait), limit: Limit::Device }),
            // One that has failed so often is an unknown device like any other.
            None | Some((_, Verdict::Exhausted)) => tables.admit_unknown(name, self.address(by.address), now)?,
        };
        drop(tables);
        Ok(Attempt::new(Arc::clone(self), held, now).telling_of(by.address))
    }

    /// Admits an attempt at the current password in a session: a stolen one must not serve to guess it.
    pub(crate) fn attempt_in_session(
        self: &Arc<Self>,
        session: SessionId,
        user: &User,
        now: Moment,
    ) -> Result<Attempt, TooMany> {
        let account = self.account(&user.username, Some(user));
        let session = self.hasher.key(Kind::Session, &[session.0.as_bytes()]);
        let mut tables = self.lock();
        tables.verdict_of_own(session, now).or_wait(Limit::Session)?;
        if tables.tallies(account, user.failures, now).known.is_exhausted(MAX_KNOWN, user.failures.known) {
            return Err(TooMany { seconds: EXHAUSTED_WAIT, limit: Limit::Session });
        }
        let held = Held::Session(tables.admit_own(session, now));
        drop(tables);
        let mut attempt = Attempt::new(Arc::clone(self), held, now).of_owner(account)?;
        attempt.count_at(account, user.failures);
        Ok(attempt)
    }

    /// Whether an account's known devices are unknown ones for now, since they failed too often together.
    pub(crate) fn has_exhausted_devices(&self, account: Account, recorded: Failures, now: Moment) -> bool {
        self.lock().tallies(account, recorded, now).known.is_exhausted(MAX_KNOWN, recorded.known)
    }

    /// Admits a registration. It costs its address what a failure does, whatever comes of it.
    pub(crate) fn attempt_registration(&self, address: IpAddr, now: Moment) -> Result<(), TooMany> {
        let mut tables = self.lock();
        let debt = tables.addresses.find_or_insert(self.address(address), Debt::default());
        debt.verdict(now).or_wait(Limit::Address)?;
        if debt.charge(ADDRESS, now).begins(now) {
            audit::address_limited(address);
        }
        Ok(())
    }

    /// Begins to bring the record of the account's user up to date after an attempt, where it is not as far as is known. One
    /// note at a time does that for an account, and looks again. `recorded` is what the record said before the attempt; for
    /// a name that no user has, where there is none, everything goes as if there were one.
    pub(crate) fn note(self: &Arc<Self>, account: Account, recorded: Option<Failures>) -> Option<FailureSync> {
        let tables = &mut *self.lock();
        let row = tables.accounts.find(account.0)?;
        if tables.noting.contains(&account.0) {
            return None;
        }
        let known = row.known();
        // The record may have been written since it was read, and by other issuers since it was known.
        if [known, recorded.unwrap_or(known)].into_iter().all(|recorded| row.aim(recorded) == recorded) {
            row.noted();
            return None;
        }
        tables.noting.insert(account.0);
        Some(FailureSync::new(Arc::clone(self), account.0, known))
    }

    /// What the audit log should be told of an account, once each.
    pub(crate) fn news(&self, account: Account) -> Option<AlertLevel> {
        self.lock().accounts.find(account.0)?.news()
    }

    /// The failures in a row at an account, with what is under way.
    #[cfg(test)]
    pub(crate) fn counted(&self, account: Account) -> Option<Failures> {
        self.lock().accounts.find(account.0).map(|row| row.counted())
    }

    /// What the record of the account's user should say, where something is known.
    #[cfg(test)]
    pub(crate) fn due(&self, account: Account) -> Option<Failures> {
        self.lock().accounts.find(account.0).map(|row| row.aim(Failures::default()))
    }

    fn name(&self, username: &Username) -> Key {
        self.hasher.key(Kind::Name, &[username.as_str().as_bytes()])
    }

    fn address(&self, address: IpAddr) -> Key {
        self.hasher.address(address)
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // Counts are whole at any moment: a panic between two of them leaves nothing to repair.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn verdict_of_own(&mut self, key: Key, now: Moment) -> Verdict {
        self.own.find(key).map_or(Verdict::Admitted, |row| row.verdict(now))
    }

    fn admit_own(&mut self, key: Key, now: Moment) -> InRow {
        let row = self.own.find_or_insert(key, Row::default());
        InRow { key, row: *row, delay: row.admit(now) }
    }

    /// Whether there is a position for one more attempt of an account's known devices and sessions, which it takes.
    fn enter_owner(&mut self, account: Key) -> bool {
        let under_way = self.owners.entry(account).or_default();
        let has_room = *under_way < MAX_OF_OWNER;
        *under_way += u16::from(has_room);
        has_room
    }

    fn leave_owner(&mut self, account: Key) {
        match self.owners.get_mut(&account) {
            Some(under_way) if *under_way > 1 => *under_way -= 1,
            _ => drop(self.owners.remove(&account)),
        }
    }

    /// The address comes first: one that is over its limit is refused before anything that depends on the name.
    fn admit_unknown(&mut self, name: Key, address: Key, now: Moment) -> Result<Held, TooMany> {
        self.addresses.find_or_insert(address, Debt::default()).verdict(now).or_wait(Limit::Address)?;
        let at_name = self.names.find_or_insert(name, Debt::default());
        at_name.verdict(now).or_wait(Limit::Account)?;
        let at_name = at_name.charge(NAME, now);
        let at_address = self.addresses.find_or_insert(address, Debt::default()).charge(ADDRESS, now);
        Ok(Held::Unknown { name, at_name, address, at_address })
    }

    fn tallies(&mut self, Account(account): Account, recorded: Failures, now: Moment) -> &mut Tallies {
        let tallies = self.accounts.find_or_insert(account, Tallies::recorded(recorded));
        tallies.used(now);
        tallies
    }
}

impl Verdict {
    fn or_wait(self, limit: Limit) -> Result<(), TooMany> {
        match self {
            Self::Admitted => Ok(()),
            Self::Wait(wait) => Err(TooMany { seconds: seconds(wait), limit }),
            Self::Exhausted => Err(TooMany { seconds: EXHAUSTED_WAIT, limit }),
        }
    }
}

/// Whole seconds, rounded up: a client that comes back then is not too early.
fn seconds(millis: u64) -> u64 {
    millis.div_ceil(1000)
}
