//! The workbench of one thread: memory that it keeps from hash to hash, and the time of each hash.

use std::{mem, time::Duration};

use super::{Credential, HashingError, HashingSetupError, NormalisedPassword, Parameters, Password};
use crate::{
    clock::Stopwatch,
    entropy::{random_bytes, random_id},
    password::Memory,
};

/// A password and its hash by argon2-cffi.
const KNOWN: (&str, &str) =
    ("correct horse ünd Batterie", "$argon2id$v=19$m=96,t=3,p=2$c2FsdHNhbHRzYWx0$/EzeWIOeLHWI+LMsHwSJlbnkJdcz0eLi");

/// Hashes on one thread.
pub(crate) struct Workbench {
    memory: Memory,
    parameters: Parameters,
    times: Vec<HashTime>,
}

/// The time of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HashTime {
    pub(super) took: Duration,
    /// The time that a hash with our own parameters would have taken then.
    pub(super) of_own: Duration,
}

/// The number of our own hashes with the same work, rounded; at least one.
pub(super) fn equivalent_hashes(work: u64, parameters: Parameters) -> u32 {
    let own = parameters.work();
    (work.saturating_add(own / 2) / own).clamp(1, u32::MAX.into()).try_into().unwrap_or(u32::MAX)
}

impl HashTime {
    /// For work below this part of our own, the call takes longer than the hash, and the measurement says little.
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

    /// The times since the last call.
    pub(super) fn take_times(&mut self) -> Vec<HashTime> {
        mem::take(&mut self.times)
    }

    /// Checks a known hash: Argon2 runs with the instructions of this machine, and a wrong hash would go into the store. Then
    /// hashes twice: first to touch the memory, then to measure the time, which it returns.
    pub(super) fn warm_up(&mut self) -> Result<Duration, HashingSetupError> {
        let (password, hash) = KNOWN;
        let hash = hash.parse().map_err(|_| HashingSetupError::WrongHash)?;
        if !self.verify(&Password::parse(password.to_owned())?, &Credential::imported(hash))? {
            return Err(HashingSetupError::WrongHash);
        }
        let random = Password::parse(random_id().map_err(HashingError::from)?.to_string())?.normalised();
        self.create(&random)?;
        self.create(&random)?;
        Ok(self.take_times().pop().map_or(Duration::ZERO, |time| time.took))
    }

    /// Whether the password matches the credential.
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
        self.free_excess();
        result
    }

    /// Frees the memory that an imported hash took beyond our own parameters.
    fn free_excess(&mut self) {
        if self.memory.kib() > self.parameters.memory_kib() as usize {
            self.memory.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_larger_hash_is_freed() {
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

    fn equivalent(hash: &str) -> u32 {
        equivalent_hashes(Credential::imported(hash.parse().unwrap()).hash.work(), Parameters::FLOOR)
    }

    #[test]
    fn an_imported_hash_counts_as_many_hashes_as_its_work() {
        let bcrypt =
            |cost: u32| equivalent(&format!("$2b${cost:02}$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO"));
        assert_eq!([4, 8, 10, 12, 14].map(bcrypt), [1, 1, 3, 12, 46]);
        assert_eq!(equivalent_hashes(Parameters::FLOOR.work(), Parameters::FLOOR), 1);
        assert_eq!([0, u64::MAX].map(|work| equivalent_hashes(work, Parameters::FLOOR)), [1, u32::MAX]);
    }

    #[test]
    fn the_time_of_our_own_hash_follows_from_the_time_of_any_hash() {
        let own = Parameters::FLOOR.work();
        let of_own = |millis, work| HashTime::new(Duration::from_millis(millis), work, Parameters::FLOOR).of_own;
        assert_eq!(of_own(25, own), Duration::from_millis(25));
        assert_eq!(of_own(250, own * 10), Duration::from_millis(25));
        // Very little work means a quick hash, not one of minutes.
        assert_eq!(of_own(1, 1), Duration::from_millis(32));
    }
}
