//! Hashing passwords with Argon2id, off the asynchronous threads.

use std::{num::NonZero, sync::Arc, thread, time::Duration};

use tokio::{sync::Semaphore, time};

use super::{Credential, HashingFailed, Memory, NormalisedPassword, Parameters, Password};
use crate::entropy::{NoEntropy, random_bytes, random_id};

/// How long a password may wait for a core before the client is told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Why a password could not be hashed or checked now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashingError {
    /// Every core is busy hashing, and was for too long.
    #[error("too many passwords wait to be hashed")]
    Overloaded,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error(transparent)]
    Failed(#[from] HashingFailed),
    #[error("a hashing worker ended: {0}")]
    Ended(String),
}

/// Hashes a password with a fresh salt, here and now: for commands, which have no others to care for.
pub(crate) fn hash_at_once(password: &NormalisedPassword, parameters: Parameters) -> Result<Credential, HashingError> {
    Ok(Credential::create(password, parameters, &random_bytes()?, &mut Memory::new())?)
}

/// Hashes passwords and checks them: one at a time on each core, since each takes all of a core and 19 MiB.
pub(crate) struct PasswordHasher {
    cores: Arc<Semaphore>,
    /// Checked where there is no user, so that a wrong name takes as long as a wrong password.
    decoy: Credential,
}

impl PasswordHasher {
    pub(crate) fn new() -> Result<Self, HashingError> {
        let nobodys = Password(zeroize::Zeroizing::new(random_id()?.to_string()));
        let decoy = hash_at_once(&nobodys.normalised(), Parameters::default())?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self { cores: Arc::new(Semaphore::new(cores)), decoy })
    }

    /// Hashes a password with a fresh salt.
    pub(crate) async fn hash(&self, password: NormalisedPassword) -> Result<Credential, HashingError> {
        self.on_a_core(move || hash_at_once(&password, Parameters::default())).await?
    }

    /// Whether the password is the one that was hashed. Without a credential the answer is no, after the same work.
    pub(crate) async fn verify(
        &self,
        password: Password,
        credential: Option<&Credential>,
    ) -> Result<bool, HashingError> {
        let is_decoy = credential.is_none();
        let credential = credential.unwrap_or(&self.decoy).clone();
        let fits = self.on_a_core(move || credential.verify(&password, &mut Memory::new())).await??;
        Ok(fits && !is_decoy)
    }

    async fn on_a_core<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashingError> {
        let core = time::timeout(LONGEST_WAIT, Arc::clone(&self.cores).acquire_owned()).await;
        let Ok(Ok(core)) = core else { return Err(HashingError::Overloaded) };
        // The core goes with the work: a client that hangs up must not let a further hash start beside this one.
        let hashing = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(core);
            result
        });
        hashing.await.map_err(|error| HashingError::Ended(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::PasswordHash;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let hasher = PasswordHasher::new().unwrap();
        let made = hasher.hash(password("correct horse").normalised()).await.unwrap();
        let text = made.hash.to_text();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        assert!(hasher.verify(password("correct horse"), Some(&made)).await.unwrap());
        assert!(!hasher.verify(password("correct horsf"), Some(&made)).await.unwrap());
        assert!(!hasher.verify(password("correct horse"), None).await.unwrap());
        assert_eq!(text.parse::<PasswordHash>().unwrap(), made.hash);
    }
}
