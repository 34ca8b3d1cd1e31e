//! Passwords, and their Argon2id hashes, computed off the asynchronous threads.

use std::{fmt, num::NonZero, str::FromStr, sync::Arc, thread, time::Duration};

use argon2::{
    Argon2, Params, PasswordHasher as _, PasswordVerifier as _,
    password_hash::phc::{self, PasswordHash as PhcString},
};
use tokio::{sync::Semaphore, time};
use zeroize::Zeroizing;

use crate::entropy::{NoEntropy, random_bytes};

/// The longest password in bytes. Argon2id takes any length; a bound keeps a request small.
pub(crate) const MAX_PASSWORD_BYTES: usize = 1024;

/// NIST SP 800-63B §3.1.1.2 asks for at least 8 characters.
const MIN_NEW_PASSWORD_CHARACTERS: usize = 8;

/// How long a password may wait for a core before the client is told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A password as somebody typed it. It has no `Display`, and its memory is wiped.
pub(crate) struct Password(Zeroizing<String>);

/// The Argon2id hash of a password, a PHC string with its own salt and parameters.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash(PhcString);

/// A text that cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPassword {
    #[error("a password must not be empty")]
    Empty,
    #[error("a password must be at most {MAX_PASSWORD_BYTES} bytes long")]
    TooLong,
    #[error("a new password must have at least {MIN_NEW_PASSWORD_CHARACTERS} characters")]
    TooShort,
}

/// A text that is not an Argon2 hash as this issuer writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password hash must be a PHC string")]
pub(crate) struct InvalidPasswordHash;

/// Why a password could not be hashed or checked now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashingError {
    /// Every core is busy hashing, and was for too long.
    #[error("too many passwords wait to be hashed")]
    Overloaded,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

impl Password {
    /// Takes the password of a sign-in.
    pub(crate) fn parse(text: String) -> Result<Self, InvalidPassword> {
        let text = Zeroizing::new(text);
        match text.len() {
            0 => Err(InvalidPassword::Empty),
            1..=MAX_PASSWORD_BYTES => Ok(Self(text)),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// Takes a password that somebody chooses, which must be harder to guess.
    pub(crate) fn parse_new(text: String) -> Result<Self, InvalidPassword> {
        let password = Self::parse(text)?;
        let long_enough = password.0.chars().count() >= MIN_NEW_PASSWORD_CHARACTERS;
        if long_enough { Ok(password) } else { Err(InvalidPassword::TooShort) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl PasswordHash {
    /// The PHC string, for the store alone.
    pub(crate) fn to_phc(&self) -> String {
        self.0.to_string()
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidPasswordHash;

    fn from_str(text: &str) -> Result<Self, InvalidPasswordHash> {
        PhcString::new(text).map(Self).map_err(|_| InvalidPasswordHash)
    }
}

/// Hashes passwords and checks them: one at a time on each core, since each takes all of a core and 19 MiB.
pub(crate) struct PasswordHasher {
    argon2: Argon2<'static>,
    cores: Arc<Semaphore>,
    /// Checked where there is no user, so that a wrong name takes as long as a wrong password.
    decoy: PasswordHash,
}

impl PasswordHasher {
    pub(crate) fn new() -> Result<Self, HashingError> {
        // OWASP's floor, 19 MiB, 2 passes, 1 lane, is this crate's default.
        let argon2 = Argon2::from(Params::DEFAULT);
        let decoy = hash(&argon2, &random_bytes::<32>()?, &random_bytes()?)?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self { argon2, cores: Arc::new(Semaphore::new(cores)), decoy })
    }

    /// Hashes a password with a fresh salt.
    pub(crate) async fn hash(&self, password: Password) -> Result<PasswordHash, HashingError> {
        let salt = random_bytes()?;
        let argon2 = self.argon2.clone();
        self.on_a_core(move || hash(&argon2, password.0.as_bytes(), &salt)).await?
    }

    /// Whether the password is the one that was hashed. Without a hash the answer is no, after the same work.
    pub(crate) async fn verify(&self, password: Password, hash: Option<&PasswordHash>) -> Result<bool, HashingError> {
        let is_decoy = hash.is_none();
        let hash = hash.unwrap_or(&self.decoy).clone();
        let argon2 = self.argon2.clone();
        let fits = self.on_a_core(move || argon2.verify_password(password.0.as_bytes(), &hash.0).is_ok()).await?;
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
        hashing.await.map_err(|error| HashingError::Failed(error.to_string()))
    }
}

fn hash(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8; phc::Salt::RECOMMENDED_LENGTH],
) -> Result<PasswordHash, HashingError> {
    let hashed = argon2.hash_password_with_salt(password, salt);
    hashed.map(PasswordHash).map_err(|error| HashingError::Failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let hasher = PasswordHasher::new().unwrap();
        let hash = hasher.hash(password("correct horse")).await.unwrap();
        assert!(hash.to_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.to_phc());
        assert!(hasher.verify(password("correct horse"), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(password("correct horsf"), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(password("correct horse"), None).await.unwrap());
        assert_eq!(hash.to_phc().parse::<PasswordHash>().unwrap(), hash);
    }

    #[test]
    fn a_password_has_bounds() {
        assert_eq!(Password::parse(String::new()).unwrap_err(), InvalidPassword::Empty);
        assert_eq!(Password::parse("x".repeat(1025)).unwrap_err(), InvalidPassword::TooLong);
        assert_eq!(Password::parse_new("sevenöö".to_owned()).unwrap_err(), InvalidPassword::TooShort);
        assert!(Password::parse_new("eightööö".to_owned()).is_ok());
    }

    #[test]
    fn debug_shows_no_password_and_no_hash() {
        let hash: PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".parse().unwrap();
        assert_eq!(format!("{:?} {:?}", password("secret"), hash), "Password(…) PasswordHash(…)");
    }
}
