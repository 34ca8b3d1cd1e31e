//! Whether a right password is accepted: the failures in a row of each account, synchronized with the users' records.
//!
//! No client sees these counts. Beyond the limit every attempt of an unknown device is answered as a wrong password.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Outcome,
    failure_sync::FailureSync,
    table::{Hasher, Key, Kind, Table},
    tally::{AlertLevel, MAX_KNOWN, MAX_UNKNOWN, Tallies, Tally},
};
use crate::{
    clock::Moment,
    user::{Failures, User, Username},
};

#[cfg(test)]
mod tests;

/// Slots of the table, 32 bytes each. They are allocated at the start.
pub(super) const ACCOUNTS: usize = 1 << 17;

/// Attempts of an account's known devices and sessions that run at once: one account must not fill its lane.
pub(super) const MAX_OF_OWNER: u16 = 5;

/// The failures in a row of all accounts.
pub(crate) struct FailureCounts {
    hasher: Hasher,
    tables: Mutex<Tables>,
}

pub(super) struct Tables {
    pub(super) accounts: Table<Tallies>,
    /// The running attempts of each account's known devices and sessions. It has at most one entry for each request.
    owner_attempts: HashMap<Key, u16>,
    /// Accounts for which a [`FailureSync`] runs.
    pub(super) syncing: HashSet<Key>,
}

/// An account whose failures in a row are counted: a user with their credential epoch and number of pardons, or a name without a
/// user. So a new password begins a new count, and so do a pardon and a new user with a name that was attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account(pub(super) Key);

/// The devices whose attempts share a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Devices {
    Unknown,
    /// Known devices, and sessions.
    Known,
}

/// An attempt that is counted at an account.
pub(super) struct Counted {
    account: Key,
    devices: Devices,
    /// The counts before the attempt.
    before: Tallies,
}

impl FailureCounts {
    /// Without failures. `secret` is random bytes that only this process knows.
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self::with_accounts(secret, ACCOUNTS)
    }

    pub(super) fn with_accounts(secret: [u8; 32], accounts: usize) -> Self {
        let tables = Tables { accounts: Table::new(accounts), owner_attempts: HashMap::new(), syncing: HashSet::new() };
        Self { hasher: Hasher::new(secret), tables: Mutex::new(tables) }
    }

    /// The account of a submitted name: its user's, or that of a name without a user.
    pub(crate) fn account(&self, username: &Username, user: Option<&User>) -> Account {
        Account(match user {
            Some(User { id, credential_epoch, pardons, .. }) => {
                let counts = [credential_epoch.0.to_be_bytes(), pardons.to_be_bytes()];
                self.hasher.key(Kind::User, &[id.0.as_bytes(), &counts[0], &counts[1]])
            }
            None => self.hasher.key(Kind::Name, &[username.as_str().as_bytes()]),
        })
    }

    /// Whether an account's known devices count as unknown ones for now, because they failed too often together.
    pub(crate) fn has_exhausted_devices(&self, account: Account, recorded: Failures, now: Moment) -> bool {
        self.lock().tallies(account, recorded, now).known.is_exhausted(MAX_KNOWN, recorded.known)
    }

    /// Counts an attempt as a failure until it is settled. `recorded` are the failures in the user's record. `None` if the account
    /// is at its limit: then the attempt fails with any password.
    pub(super) fn count(&self, account: Account, devices: Devices, recorded: Failures, now: Moment) -> Option<Counted> {
        let mut tables = self.lock();
        let tallies = tables.tallies(account, recorded, now);
        let before = *tallies;
        let (tally, max) = devices.tally(tallies);
        if tally.is_exhausted(max, devices.of(recorded)) {
            return None;
        }
        tally.admit();
        Some(Counted { account: account.0, devices, before })
    }

    /// Settles a counted attempt. An entry that was evicted meanwhile is restored.
    pub(super) fn settle(&self, Counted { account, devices, before }: &Counted, outcome: Outcome) {
        let mut restored = *before;
        let (tally, _) = devices.tally(&mut restored);
        *tally = Tally::restored(*tally);
        let mut tables = self.lock();
        let tallies = tables.accounts.find_or_insert(*account, restored);
        let (tally, _) = devices.tally(tallies);
        match outcome {
            Outcome::Failed => tally.fail(),
            Outcome::Succeeded | Outcome::Untried | Outcome::Abandoned => tally.withdraw(),
        }
        if outcome == Outcome::Succeeded {
            match devices {
                Devices::Unknown => tallies.unknown.end(),
                Devices::Known => tallies.unknown.forgive(MAX_UNKNOWN),
            }
            // Not all: with the tokens of many devices an attacker would have as many guesses at each sign-in of the owner.
            tallies.known.forgive(MAX_KNOWN);
        }
    }

    /// Takes one of the account's slots for attempts of its known devices and sessions. False if none is free.
    pub(super) fn take_owner_slot(&self, Account(account): Account) -> bool {
        let mut tables = self.lock();
        let running = tables.owner_attempts.entry(account).or_default();
        let has_slot = *running < MAX_OF_OWNER;
        *running += u16::from(has_slot);
        has_slot
    }

    pub(super) fn release_owner_slot(&self, Account(account): Account) {
        let mut tables = self.lock();
        match tables.owner_attempts.get_mut(&account) {
            Some(running) if *running > 1 => *running -= 1,
            _ => drop(tables.owner_attempts.remove(&account)),
        }
    }

    /// Begins to synchronize the record of the account's user, if it differs from the count. An account has one [`FailureSync`] at
    /// a time, which reads the count again after each write. `recorded` are the failures in the record before the attempt; `None`
    /// for a name without a user, for which all steps are the same.
    pub(crate) fn sync(self: &Arc<Self>, account: Account, recorded: Option<Failures>) -> Option<FailureSync> {
        let tables = &mut *self.lock();
        let tallies = tables.accounts.find(account.0)?;
        if tables.syncing.contains(&account.0) {
            return None;
        }
        let last_recorded = tallies.recorded();
        // This issuer may have written the record after it was read, and other issuers after this one last did.
        if [last_recorded, recorded.unwrap_or(last_recorded)]
            .into_iter()
            .all(|recorded| tallies.target(recorded) == recorded)
        {
            tallies.synchronized();
            return None;
        }
        tables.syncing.insert(account.0);
        Some(FailureSync::new(Arc::clone(self), account.0, last_recorded))
    }

    /// The alert that the audit log should get for an account. Each level is returned once.
    pub(crate) fn new_alert(&self, account: Account) -> Option<AlertLevel> {
        self.lock().accounts.find(account.0)?.new_alert()
    }

    /// The failures in a row at an account, with the running attempts.
    #[cfg(test)]
    pub(crate) fn counted(&self, account: Account) -> Option<Failures> {
        self.lock().accounts.find(account.0).map(|tallies| tallies.counted())
    }

    /// The failures that the record of the account's user should hold; `None` for an account without a count.
    #[cfg(test)]
    pub(crate) fn due(&self, account: Account) -> Option<Failures> {
        self.lock().accounts.find(account.0).map(|tallies| tallies.target(Failures::default()))
    }

    /// The memory of the table.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.lock().accounts.bytes()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Tables> {
        // The tables are consistent at any moment: a panic under the lock leaves nothing to repair.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn tallies(&mut self, Account(account): Account, recorded: Failures, now: Moment) -> &mut Tallies {
        let tallies = self.accounts.find_or_insert(account, Tallies::from_record(recorded));
        tallies.used(now);
        tallies
    }
}

impl Devices {
    /// The count of these devices, and its limit.
    fn tally(self, tallies: &mut Tallies) -> (&mut Tally, u16) {
        match self {
            Self::Unknown => (&mut tallies.unknown, MAX_UNKNOWN),
            Self::Known => (&mut tallies.known, MAX_KNOWN),
        }
    }

    fn of(self, failures: Failures) -> u16 {
        match self {
            Self::Unknown => failures.unknown,
            Self::Known => failures.known,
        }
    }
}
