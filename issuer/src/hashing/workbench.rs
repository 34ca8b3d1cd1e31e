//! Where one thread hashes: its memory, kept from one hash to the next, and the measure of what each took.

use std::{mem, time::Duration};

use super::{Credential, HashingError, HashingSetupError, NormalisedPassword, Parameters, Password};
use crate::{
    clock::Stopwatch,
    entropy::{random_bytes, random_id},
    password::Memory,
};

/// A password and its hash, made by argon2-cffi.
const KNOWN: (&str, &str) =
    ("correct horse ünd Batterie", "$argon2id$v=19$m=96,t=3,p=2$c2FsdHNhbHRzYWx0$/EzeWIOeLHWI+LMsHwSJlbnkJdcz0eLi");

/// Where one thread hashes.
pub(crate) struct Workbench {
    memory: Memory,
    parameters: Parameters,
    times: Vec<HashTime>,
}

/// How long a hash took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HashTime {
    pub(super) took: Duration,
    /// How long one of our own would have taken then.
    pub(super) of_own: Duration,
}

/// How many hashes of our own that work is worth, rounded: at least one.
pub(super) fn hashes_worth(work: u64, parameters: Parameters) -> u32 {
    let own = parameters.work();
    (work.saturating_add(own / 2) / own).clamp(1, u32::MAX.into()).try_into().unwrap_or(u32::MAX)
}

impl HashTime {
    /// Of what is a small part of our own work, more is the call than the hash: it says less.
    const MIN_PART: u64 = 32;

    fn new(took: Duration, work: u64, parameters: Parameters) -> Self {
        let own = parameters.work();
        let work = work.max(own / Self::MIN_PART).max(1);
        let nanos = took.as_nanos() * u128::from(own) / u128::from(work);
        Self { took, of_own: Duration::from_nanos(nanos.try_into().unwrap_or(u64::MAX)) }
    }
}

impl Workbench {
    pub(crate) fn new(parameters: Parameters) -> Self {
        Self { memory: Memory::new(), parameters, times: Vec::new() }
    }

    /// How long each hash took since this was last asked.
    pub(super) fn take_times(&mut self) -> Vec<HashTime> {
        mem::take(&mut self.times)
    }

    /// Checks a known hash, since Argon2 is done with whatever instructions this machine has, and a wrong one would go into
    /// the store as somebody's password. Then hashes twice: once to touch the memory, once more to know the time, which it
    /// returns.
    pub(super) fn warm_up(&mut self) -> Result<Duration, HashingSetupError> {
        let (password, hash) = KNOWN;
        let hash = hash.parse().map_err(|_| HashingSetupError::WrongHash)?;
        if !self.verify(&Password::parse(password.to_owned())?, &Credential::imported(hash))? {
            return Err(HashingSetupError::WrongHash);
        }
        let nobodys = Password::parse(random_id().map_err(HashingError::from)?.to_string())?.normalised();
        self.create(&nobodys)?;
        self.create(&nobodys)?;
        Ok(self.take_times().pop().map_or(Duration::ZERO, |time| time.took))
    }

    /// Whether the password is the one that was hashed.
    pub(crate) fn verify(&mut self, password: &Password, credential: &Credential) -> Result<bool, HashingError> {
        self.timed(credential.hash.work(), |memory| Ok(credential.verify(password, memory)?))
    }

    /// Hashes a password with our own parameters and a fresh salt.
    pub(crate) fn create(&mut self, password: &NormalisedPassword) -> Result<Credential, HashingError> {
        let parameters = self.parameters;
        self.timed(parameters.work(), |memory| Ok(Credential::create(password, parameters, &random_bytes()?, memory)?))
    }

    fn timed<T>(
        &mut self,
        work: u64,
        hash: impl FnOnce(&mut Memory) -> Result<T, HashingError>,
    ) -> Result<T, HashingError> {
        let stopwatch = Stopwatch::start();
        let result = hash(&mut self.memory);
        self.times.push(HashTime::new(stopwatch.elapsed(), work, self.parameters));
        self.give_back();
        result
    }

    /// Gives back what a foreign hash took beyond our own.
    fn give_back(&mut self) {
        if self.memory.kib() > self.parameters.memory_kib() as usize {
            self.memory.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_larger_hash_took_is_given_back() {
        let mut bench = Workbench::new(Parameters::default());
        let password = Password::parse("correct horse".to_owned()).unwrap();
        bench.create(&password.normalised()).unwrap();
        assert_eq!(bench.memory.kib(), 19_456);
        let larger = Workbench::new(Parameters::new(30_000, 2, 1).unwrap()).create(&password.normalised()).unwrap();
        assert!(bench.verify(&password, &larger).unwrap());
        assert_eq!(bench.memory.kib(), 0);
        bench.create(&password.normalised()).unwrap();
        assert_eq!(bench.memory.kib(), 19_456);
    }

    fn worth(hash: &str) -> u32 {
        hashes_worth(Credential::imported(hash.parse().unwrap()).hash.work(), Parameters::FLOOR)
    }

    #[test]
    fn an_imported_hash_is_worth_what_it_takes() {
        let bcrypt = |cost: u32| worth(&format!("$2b${cost:02}$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO"));
        assert_eq!([4, 8, 10, 12, 14].map(bcrypt), [1, 1, 3, 12, 46]);
        assert_eq!(hashes_worth(Parameters::FLOOR.work(), Parameters::FLOOR), 1);
        assert_eq!([0, u64::MAX].map(|work| hashes_worth(work, Parameters::FLOOR)), [1, u32::MAX]);
    }

    #[test]
    fn the_time_of_our_own_hash_is_known_from_any_other() {
        let own = Parameters::FLOOR.work();
        let of_own = |millis, work| HashTime::new(Duration::from_millis(millis), work, Parameters::FLOOR).of_own;
        assert_eq!(of_own(25, own), Duration::from_millis(25));
        assert_eq!(of_own(250, own * 10), Duration::from_millis(25));
        // Next to no work says that a hash of ours is quick, and not that it takes minutes.
        assert_eq!(of_own(1, 1), Duration::from_millis(32));
    }
}
