//! bcrypt, as `$2a$`, `$2b$` and `$2y$`. The three names mean the same algorithm, apart from bugs of old libraries.

use base64ct::{Base64Bcrypt, Encoding as _};
use zeroize::Zeroizing;

use super::{
    InvalidPasswordHash,
    cost::{TooCostly, check_work},
};

const FORM: &str = "$2b$COST$ with two digits of cost, then 22 characters of salt and 31 of hash";

/// The part of a password that bcrypt reads. The rest was ignored when the hash was made, and is ignored here.
const MAX_PASSWORD_BYTES: usize = 72;

/// 2¹⁴ rounds take about a second. Each further step doubles the time.
const MAX_COST: u64 = 14;

/// The work of cost 0, which doubles with each step: see `PasswordHash::work`.
const WORK: u64 = 110;

#[derive(Clone)]
pub(super) struct BcryptHash {
    cost: u32,
    salt: [u8; 16],
    pub(super) output: [u8; 23],
}

impl BcryptHash {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        let form = InvalidPasswordHash::Form(FORM);
        let (cost, rest) = text.split_once('$').ok_or(form.clone())?;
        let two_digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = cost.parse().ok().filter(|_| two_digits).ok_or(form.clone())?;
        if !(4..=31).contains(&cost) {
            return Err(InvalidPasswordHash::Parameter { name: "cost", expected: "a number from 04 to 31" });
        }
        let (salt, output) = rest.split_at_checked(22).ok_or(form.clone())?;
        let salt = decode(&without_unused_bits(salt).ok_or(form.clone())?).ok_or(form.clone())?;
        Ok(Self { cost, salt, output: decode(output).ok_or(form)? })
    }

    /// The password gets a final NUL and is cut at 72 bytes. An inner NUL is an ordinary byte, as in the current
    /// libraries of Go, Rust and Node; C libraries end the password there.
    pub(super) fn compute(&self, password: &[u8], out: &mut [u8]) {
        let mut key = Zeroizing::new([0; MAX_PASSWORD_BYTES]);
        let length = password.len().min(MAX_PASSWORD_BYTES);
        key[..length].copy_from_slice(&password[..length]);
        let with_nul = (length + 1).min(MAX_PASSWORD_BYTES);
        // The text of a hash omits the last of the 24 bytes.
        let computed = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, &key[..with_nul]));
        out.copy_from_slice(&computed[..out.len()]);
    }

    pub(super) fn work(&self) -> u64 {
        WORK << self.cost
    }

    pub(super) fn check_cost(&self) -> Result<(), TooCostly> {
        check_work("cost", self.cost.into(), MAX_COST)
    }
}

/// Clears the four unused bits in the last character of a salt, which some libraries set.
fn without_unused_bits(salt: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let (rest, last) = salt.split_at_checked(salt.len().checked_sub(1)?)?;
    let index = ALPHABET.iter().position(|letter| [*letter] == last.as_bytes())?;
    Some(format!("{rest}{}", char::from(*ALPHABET.get(index & 0b11_0000)?)))
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    Base64Bcrypt::decode_vec(text).ok()?.try_into().ok()
}
