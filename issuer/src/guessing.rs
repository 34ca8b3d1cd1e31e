//! Guessing made useless, and nobody locked out: how often a password may be tried, by account, by address and, for a
//! client that signed in before, by device.
//!
//! Strangers share one row of failures for each account, and one debt for each address. A known device has a row of its
//! own, which strangers cannot touch, and neither counts against account and address nor is limited by them. An attempt is
//! counted when it is admitted, before any password is hashed, and alike for names that exist and names that do not.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::Moment,
    device_token::DeviceId,
    id::SessionId,
    user::{User, Username},
};

mod attempt;
mod note;
mod rules;
mod successes;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use attempt::Attempt;
use attempt::{Counted, Held};
pub(crate) use note::Note;
use rules::{ACCOUNT, Debt, Delay, OWN, Row, Verdict};
pub(crate) use rules::{MOST_FAILURES, Told};
pub(crate) use successes::{SuccessLimit, TooOften};
use table::{Hasher, Key, Kind, Table};

/// Slots of the tables, 24 bytes each: 11 MB in all, allocated at the start and never more. An entry that gives way costs an attacker
/// the failures of eight names in one bucket, and an existing user's count is kept in their record too.
const ACCOUNTS: usize = 1 << 17;
const ADDRESSES: usize = 1 << 18;
const OWN_ROWS: usize = 1 << 16;

/// What a client is told to wait where there were as many failures as there may be, in seconds. Time alone does not help:
/// the owner must sign in on a known device, or the operator set a password. An hour later that may have happened.
const EXHAUSTED_WAIT: u64 = 60 * 60;

/// Attempts of an account's known devices and sessions that are under way at once: one account must not fill its lane.
const MOST_OF_OWNER: u16 = 5;

/// How often passwords were tried of late, and failed.
pub(crate) struct Guessing {
    hasher: Hasher,
    tables: Mutex<Tables>,
}

struct Tables {
    accounts: Table<Row>,
    addresses: Table<Debt>,
    /// Known devices, and sessions in which a new password is asked for.
    own: Table<Row>,
    /// How many attempts of an account's known devices and sessions are under way: there are no more entries than requests.
    owners: HashMap<Key, u16>,
    /// Accounts whose users' records are being brought up to date.
    noting: HashSet<Key>,
}

/// An account as strangers are counted at it: a user, with how often their credentials changed and were pardoned, or a name
/// that nobody has. So a new password begins a new count, a pardon does, and whoever gets a name that was hammered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account(Key);

/// Somebody who wants to sign in.
#[derive(Clone, Copy)]
pub(crate) struct SignIn {
    pub(crate) account: Account,
    /// What the user's record says of failures, 0 where there is no user.
    pub(crate) recorded: u16,
    pub(crate) address: IpAddr,
    /// The device token that came along, where it is good and of that very user.
    pub(crate) device: Option<DeviceId>,
}

/// Not now: there were too many failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// When an attempt is admitted, unless somebody else is first.
    pub(crate) seconds: u64,
    /// What the audit log should be told of the account, once each.
    pub(crate) news: Option<Told>,
}

impl Guessing {
    /// Nothing failed yet. `secret` is random bytes that nobody else knows.
    pub(crate) fn new(secret: [u8; 32]) -> Arc<Self> {
        Self::with_tables(secret, ACCOUNTS, ADDRESSES, OWN_ROWS)
    }

    fn with_tables(secret: [u8; 32], accounts: usize, addresses: usize, own: usize) -> Arc<Self> {
        let (accounts, addresses, own) = (Table::new(accounts), Table::new(addresses), Table::new(own));
        let tables = Tables { accounts, addresses, own, owners: HashMap::new(), noting: HashSet::new() };
        Arc::new(Self { hasher: Hasher::new(secret), tables: Mutex::new(tables) })
    }

    /// The account that a submitted name means: its user's, or one that nobody has.
    pub(crate) fn account(&self, username: &Username, user: Option<&User>) -> Account {
        Account(match user {
            Some(User { id, credential_epoch, pardons, .. }) => {
                let counts = [credential_epoch.0.to_be_bytes(), pardons.to_be_bytes()];
                self.hasher.key(Kind::User, &[id.0.as_bytes(), &counts[0], &counts[1]])
            }
            None => self.hasher.key(Kind::Name, &[username.as_str().as_bytes()]),
        })
    }

    /// Admits an attempt to sign in, or says how long to wait. It counts as a failure until it is settled.
    pub(crate) fn attempt(self: &Arc<Self>, by: &SignIn, now: Moment) -> Result<Attempt, TooMany> {
        let mut tables = self.lock();
        let device = by.device.map(|device| self.hasher.key(Kind::Device, &[&device.0]));
        let held = match device.map(|device| (device, tables.verdict_of_own(device, now))) {
            Some((device, Verdict::Admitted)) => {
                tables.enter_owner(by.account.0)?;
                let at_device = tables.admit_own(device, now);
                Held::Device { device, at_device, account: by.account.0, recorded: by.recorded }
            }
            Some((_, Verdict::Wait(wait))) => return Err(TooMany { seconds: seconds(wait), news: None }),
            // One that has failed so often is a stranger like any other.
            None | Some((_, Verdict::Exhausted)) => tables.admit_stranger(by, self.address(by.address), now)?,
        };
        Ok(Attempt::new(Arc::clone(self), held, now))
    }

    /// Admits an attempt at the current password in a session: a stolen one must not serve to guess it.
    pub(crate) fn attempt_in_session(
        self: &Arc<Self>,
        session: SessionId,
        Account(account): Account,
        now: Moment,
    ) -> Result<Attempt, TooMany> {
        let session = self.hasher.key(Kind::Session, &[session.0.as_bytes()]);
        let mut tables = self.lock();
        tables.verdict_of_own(session, now).or_wait()?;
        tables.enter_owner(account)?;
        let at_session = tables.admit_own(session, now);
        Ok(Attempt::new(Arc::clone(self), Held::Session { session, at_session, account }, now))
    }

    /// Admits a registration. It costs its address what a failure does, whatever comes of it.
    pub(crate) fn attempt_registration(&self, address: IpAddr, now: Moment) -> Result<(), TooMany> {
        let mut tables = self.lock();
        let debt = tables.addresses.find_or_insert(self.address(address), Debt::default());
        debt.verdict(now).or_wait()?;
        debt.charge(now);
        Ok(())
    }

    /// Begins to bring the record of the account's user up to date after an attempt, where it is not as far as is known. That
    /// is for one at a time: whoever is at it already looks again. `recorded` is what the record said before the attempt; for
    /// a name that nobody has, where there is none, everything goes as if there were one.
    pub(crate) fn note(self: &Arc<Self>, account: Account, recorded: Option<u16>) -> Option<Note> {
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
        Some(Note::new(Arc::clone(self), account.0, known))
    }

    /// What the record of the account's user should say, where something is known.
    #[cfg(test)]
    pub(crate) fn due(&self, account: Account) -> Option<u16> {
        self.lock().accounts.find(account.0).map(|row| row.due())
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

    fn admit_own(&mut self, key: Key, now: Moment) -> Counted {
        let row = self.own.find_or_insert(key, Row::default());
        Counted { row: *row, delay: row.admit(OWN, now) }
    }

    fn enter_owner(&mut self, account: Key) -> Result<(), TooMany> {
        let under_way = self.owners.entry(account).or_default();
        if *under_way >= MOST_OF_OWNER {
            return Err(TooMany { seconds: 1, news: None });
        }
        *under_way += 1;
        Ok(())
    }

    fn leave_owner(&mut self, account: Key) {
        match self.owners.get_mut(&account) {
            Some(under_way) if *under_way > 1 => *under_way -= 1,
            _ => drop(self.owners.remove(&account)),
        }
    }

    fn admit_stranger(&mut self, by: &SignIn, address: Key, now: Moment) -> Result<Held, TooMany> {
        let account = by.account.0;
        let row = self.accounts.find(account).copied().unwrap_or(Row::recorded(by.recorded));
        let debt = self.addresses.find(address).copied().unwrap_or_default();
        let (of_account, of_address) = (row.verdict(now), debt.verdict(now));
        if of_account != Verdict::Admitted {
            let news = self.accounts.find_or_insert(account, row).news();
            let seconds = of_account.seconds().max(of_address.seconds());
            return Err(TooMany { seconds, news });
        }
        of_address.or_wait()?;
        let delay = self.accounts.find_or_insert(account, row).admit(ACCOUNT, now);
        let at_account = Counted { row, delay };
        let at_address = self.addresses.find_or_insert(address, debt).charge(now);
        Ok(Held::Stranger { account, at_account, address, at_address })
    }
}

impl Verdict {
    fn or_wait(self) -> Result<(), TooMany> {
        match self {
            Self::Admitted => Ok(()),
            refused => Err(TooMany { seconds: refused.seconds(), news: None }),
        }
    }

    fn seconds(self) -> u64 {
        match self {
            Self::Admitted => 0,
            Self::Wait(wait) => seconds(wait),
            Self::Exhausted => EXHAUSTED_WAIT,
        }
    }
}

/// Whole seconds, rounded up: who comes back then is not too early.
fn seconds(millis: u64) -> u64 {
    millis.div_ceil(1000)
}
