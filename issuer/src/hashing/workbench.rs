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
    times: Vec<Duration>,
}

impl Workbench {
    pub(crate) fn new(parameters: Parameters) -> Self {
        Self { memory: Memory::new(), parameters, times: Vec::new() }
    }

    /// How long each hash took since this was last asked.
    pub(super) fn take_times(&mut self) -> Vec<Duration> {
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
        Ok(self.take_times().pop().unwrap_or_default())
    }

    /// Whether the password is the one that was hashed.
    pub(crate) fn verify(&mut self, password: &Password, credential: &Credential) -> Result<bool, HashingError> {
        self.timed(|memory| Ok(credential.verify(password, memory)?))
    }

    /// Hashes a password with our own parameters and a fresh salt.
    pub(crate) fn create(&mut self, password: &NormalisedPassword) -> Result<Credential, HashingError> {
        let parameters = self.parameters;
        self.timed(|memory| Ok(Credential::create(password, parameters, &random_bytes()?, memory)?))
    }

    fn timed<T>(&mut self, hash: impl FnOnce(&mut Memory) -> Result<T, HashingError>) -> Result<T, HashingError> {
        let stopwatch = Stopwatch::start();
        let result = hash(&mut self.memory);
        self.times.push(stopwatch.elapsed());
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
}
