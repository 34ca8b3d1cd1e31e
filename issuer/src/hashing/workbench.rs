//! Where one thread hashes: its memory, kept from one hash to the next, and the measure of what each took.

use std::{sync::Arc, time::Duration};

use super::{Credential, HashingError, NormalisedPassword, Parameters, Password};
use crate::{clock::Stopwatch, entropy::random_bytes, password::Memory};

/// Called with the time that each hash took.
type OnHash = Arc<dyn Fn(Duration) + Send + Sync>;

/// Where one thread hashes.
pub(crate) struct Workbench {
    memory: Memory,
    parameters: Parameters,
    on_hash: OnHash,
}

impl Workbench {
    pub(super) fn new(parameters: Parameters, on_hash: OnHash) -> Self {
        Self { memory: Memory::new(), parameters, on_hash }
    }

    /// One whose hashes nobody counts.
    pub(crate) fn alone(parameters: Parameters) -> Self {
        Self::new(parameters, Arc::new(|_| ()))
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
        (self.on_hash)(stopwatch.elapsed());
        self.give_back();
        result
    }

    /// Gives back what a foreign hash took beyond our own.
    fn give_back(&mut self) {
        let own = self.parameters.memory_kib() as usize;
        if self.memory.len() > own {
            self.memory.truncate(own);
            self.memory.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_larger_hash_took_is_given_back() {
        let mut bench = Workbench::alone(Parameters::default());
        let password = Password::parse("correct horse".to_owned()).unwrap();
        bench.create(&password.normalised()).unwrap();
        assert_eq!(bench.memory.len(), 19_456);
        let larger = Workbench::alone(Parameters::new(30_000, 2, 1).unwrap()).create(&password.normalised()).unwrap();
        assert!(bench.verify(&password, &larger).unwrap());
        assert_eq!((bench.memory.len(), bench.memory.capacity()), (19_456, 19_456));
    }
}
