//! Password hashes as the store keeps them: our own, and imported ones.

use std::{fmt, str::FromStr};

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Password;

mod argon2id;
mod bcrypt;
mod cost;
mod fields;
#[cfg(test)]
mod known_answers;
mod parameters;
mod pbkdf2;
mod scrypt;

use argon2id::Argon2Hash;
pub(crate) use argon2id::Memory;
use bcrypt::BcryptHash;
pub(crate) use cost::{CostLimit, TooCostly};
pub(crate) use parameters::{InvalidParameters, Parameters};
use pbkdf2::Pbkdf2Hash;
use scrypt::ScryptHash;

/// The maximum size of a hash's text. It fits into a user's record, and is three times the output of any known library.
const MAX_BYTES: usize = 512;

/// The hash of a password, with its salt and parameters.
#[derive(Clone)]
pub(crate) struct PasswordHash {
    text: String,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Scrypt(ScryptHash),
    Pbkdf2(Pbkdf2Hash),
}

/// Why a text is not a supported hash. The message never quotes the hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPasswordHash {
    #[error("a password hash must begin with its kind, such as $argon2id$, $2b$, $scrypt$ or $pbkdf2-sha256$")]
    NoKind,
    #[error(
        "hashes of the kind ${0}$ are not supported: it must be argon2id, argon2i, argon2d, 2a, 2b, 2y, scrypt, 7, pbkdf2, \
         pbkdf2-sha1, pbkdf2-sha256 or pbkdf2-sha512"
    )]
    UnknownKind(String),
    #[error("a password hash must be at most {MAX_BYTES} bytes long")]
    TooLong,
    #[error("a hash of this kind must have the form {0}")]
    Form(&'static str),
    #[error("the hash's {name} must be {expected}")]
    Parameter { name: &'static str, expected: &'static str },
}

/// Why a password could not be hashed or verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub(crate) struct HashingFailed(String);

impl PasswordHash {
    /// Hashes a password with our own parameters.
    pub(super) fn create(
        password: &Password,
        parameters: Parameters,
        salt: &[u8; Parameters::SALT_BYTES],
        memory: &mut Memory,
    ) -> Result<Self, HashingFailed> {
        let (text, hash) = Argon2Hash::create(password.0.as_bytes(), parameters, salt, memory)?;
        Ok(Self { text, kind: Kind::Argon2(hash) })
    }

    /// Whether the password, in the form of the hash, is correct.
    pub(super) fn verify(&self, password: &Password, memory: &mut Memory) -> Result<bool, HashingFailed> {
        let password = password.0.as_bytes();
        let mut computed = Zeroizing::new(vec![0; self.expected().len()]);
        match &self.kind {
            Kind::Argon2(hash) => hash.compute(password, &mut computed, memory),
            Kind::Bcrypt(hash) => {
                hash.compute(password, &mut computed);
                Ok(())
            }
            Kind::Scrypt(hash) => hash.compute(password, &mut computed),
            Kind::Pbkdf2(hash) => hash.compute(password, &mut computed),
        }?;
        Ok(computed.ct_eq(self.expected()).into())
    }

    /// Whether the hash covers the whole password. bcrypt reads 72 bytes, and its C libraries stop at a NUL.
    pub(super) fn read_all_of(&self, password: &Password) -> bool {
        let password = password.0.as_bytes();
        !matches!(self.kind, Kind::Bcrypt(_)) || (password.len() <= 72 && !password.contains(&0))
    }

    /// Refuses a hash that takes too much time or memory to verify.
    pub(crate) fn check_cost(&self, limit: &CostLimit) -> Result<(), TooCostly> {
        match &self.kind {
            Kind::Argon2(hash) => hash.check_cost(limit),
            Kind::Bcrypt(hash) => hash.check_cost(),
            Kind::Scrypt(hash) => hash.check_cost(limit),
            Kind::Pbkdf2(hash) => hash.check_cost(),
        }
    }

    /// The work of a verification, in units of one Argon2 pass over one KiB, which takes about half a microsecond.
    /// Between kinds it is an estimate.
    pub(crate) fn work(&self) -> u64 {
        match &self.kind {
            Kind::Argon2(hash) => hash.work(),
            Kind::Bcrypt(hash) => hash.work(),
            Kind::Scrypt(hash) => hash.work(),
            Kind::Pbkdf2(hash) => hash.work(),
        }
    }

    /// Whether the hash is one that [`create`](Self::create) would make with these parameters.
    pub(crate) fn is_made_with(&self, parameters: Parameters) -> bool {
        matches!(&self.kind, Kind::Argon2(hash) if hash.is_made_with(parameters))
    }

    /// The stored text of the hash, for the store only.
    pub(crate) fn to_text(&self) -> String {
        self.text.clone()
    }

    fn expected(&self) -> &[u8] {
        match &self.kind {
            Kind::Argon2(hash) => &hash.output,
            Kind::Bcrypt(hash) => &hash.output,
            Kind::Scrypt(hash) => &hash.output,
            Kind::Pbkdf2(hash) => &hash.output,
        }
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidPasswordHash;

    fn from_str(text: &str) -> Result<Self, InvalidPasswordHash> {
        if text.len() > MAX_BYTES {
            return Err(InvalidPasswordHash::TooLong);
        }
        let (kind, rest) = text
            .strip_prefix('$')
            .and_then(|text| text.split_once('$'))
            .filter(|(kind, _)| is_name(kind))
            .ok_or(InvalidPasswordHash::NoKind)?;
        let kind = match kind {
            "argon2i" | "argon2d" | "argon2id" => Kind::Argon2(Argon2Hash::parse(kind, rest)?),
            "2a" | "2b" | "2y" => Kind::Bcrypt(BcryptHash::parse(rest)?),
            "scrypt" => Kind::Scrypt(ScryptHash::parse(rest)?),
            "7" => Kind::Scrypt(ScryptHash::parse_crypt(rest)?),
            "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512" => {
                Kind::Pbkdf2(Pbkdf2Hash::parse(kind, rest)?)
            }
            unknown => return Err(InvalidPasswordHash::UnknownKind(unknown.to_owned())),
        };
        Ok(Self { text: text.to_owned(), kind })
    }
}

/// Whether a text can be the name of a kind (at most 32 of these characters in the PHC string format). Otherwise it may
/// be part of a hash, which must not be shown.
fn is_name(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PasswordHash {}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_hash() {
        let hash: PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".parse().unwrap();
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
    }

    #[test]
    fn an_unknown_kind_is_named_and_the_hash_never_quoted() {
        let refusal = |text: &str| text.parse::<PasswordHash>().unwrap_err();
        for text in ["", "5f4dcc3b5aa765d61d8327deb882cf99", "$", "$argon2id", "$SECRET$x", "{SSHA}secret"] {
            assert_eq!(refusal(text), InvalidPasswordHash::NoKind, "{text}");
        }
        assert_eq!(refusal("$6$salt$hash"), InvalidPasswordHash::UnknownKind("6".to_owned()));
        assert!(refusal("$2x$04$abc").to_string().contains("2a, 2b, 2y"));
        assert_eq!(refusal(&format!("$7${}", "x".repeat(600))), InvalidPasswordHash::TooLong);
    }
}
