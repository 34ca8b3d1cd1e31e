//! scrypt (RFC 7914), as a PHC string, which passlib uses too, and as crypt's `$7$`.

use base64ct::{Base64ShaCrypt, Encoding as _};
use scrypt::Params;

use super::{
    HashingFailed, InvalidPasswordHash,
    cost::{CostLimit, TooCostly, check_work},
    fields::Fields,
};

const FORM: &str = "$scrypt$ln=LOG2N,r=BLOCK,p=LANES$SALT$HASH, salt and hash in base64 without padding";
const CRYPT_FORM: &str = "$7$NrrrrrpppppSALT$HASH, as crypt writes it, with 43 characters of hash";

/// Mebibytes that are written and read again, over all lanes. 512 MiB take about 1.5 seconds.
const MAX_MIB: u64 = 512;

/// The work of a KiB that is written and read again: see `PasswordHash::work`.
const WORK_OF_KIB: u64 = 5;

#[derive(Clone)]
pub(super) struct ScryptHash {
    params: Params,
    salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl ScryptHash {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        let mut fields = Fields::of(text, FORM);
        let [log_n, r, p] = fields.next_named(["ln", "r", "p"])?;
        let salt = fields.next_bytes()?;
        let output = fields.next_bytes()?;
        fields.end()?;
        Self::new(log_n, r, p, salt, output)
    }

    /// The form of libxcrypt: numbers with 6 bits per character, the lowest first, and the salt as plain text.
    pub(super) fn parse_crypt(text: &str) -> Result<Self, InvalidPasswordHash> {
        let form = InvalidPasswordHash::Form(CRYPT_FORM);
        let (setting, output) = text.rsplit_once('$').ok_or(form.clone())?;
        let log_n = setting.get(..1).and_then(crypt_number).ok_or(form.clone())?;
        let r = setting.get(1..6).and_then(crypt_number).ok_or(form.clone())?;
        let p = setting.get(6..11).and_then(crypt_number).ok_or(form.clone())?;
        let salt = setting.get(11..).map(|salt| salt.as_bytes().to_vec()).ok_or(form.clone())?;
        let output = Base64ShaCrypt::decode_vec(output).ok().filter(|output| output.len() == 32).ok_or(form)?;
        Self::new(log_n, r, p, salt, output)
    }

    fn new(log_n: u32, r: u32, p: u32, salt: Vec<u8>, output: Vec<u8>) -> Result<Self, InvalidPasswordHash> {
        let parameter = |name, expected| InvalidPasswordHash::Parameter { name, expected };
        let log_n = u8::try_from(log_n).ok().filter(|log_n| (1..=63).contains(log_n));
        let log_n = log_n.ok_or(parameter("ln", "a number from 1 to 63"))?;
        // RFC 7914 §6. The product is checked here, since the crate multiplies without a check.
        if r == 0 || p == 0 || u64::from(r) * u64::from(p) >= 1 << 30 {
            return Err(parameter("r and p", "numbers from 1, with a product below 2^30"));
        }
        if output.len() < 10 {
            return Err(parameter("output", "at least 10 bytes long"));
        }
        let params = Params::new(log_n, r, p).map_err(|_| parameter("ln and r", "of a size that fits into memory"))?;
        Ok(Self { params, salt, output })
    }

    pub(super) fn compute(&self, password: &[u8], out: &mut [u8]) -> Result<(), HashingFailed> {
        scrypt::scrypt(password, &self.salt, &self.params, out).map_err(|error| HashingFailed(error.to_string()))
    }

    pub(super) fn work(&self) -> u64 {
        self.filled_bytes().saturating_mul(u64::from(self.params.p())) / 1024 * WORK_OF_KIB
    }

    fn filled_bytes(&self) -> u64 {
        (128 * u64::from(self.params.r())).saturating_mul(self.params.n())
    }

    pub(super) fn check_cost(&self, limit: &CostLimit) -> Result<(), TooCostly> {
        let block = 128 * u64::from(self.params.r());
        let filled = self.filled_bytes();
        let lanes = u64::from(self.params.p());
        // Besides the table, it needs one block per lane and two working blocks.
        limit.check_memory(filled.saturating_add(block.saturating_mul(lanes + 2)))?;
        check_work("memory in MiB times lanes", filled.saturating_mul(lanes) >> 20, MAX_MIB)
    }
}

fn crypt_number(text: &str) -> Option<u32> {
    const ALPHABET: &[u8] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    text.bytes().rev().try_fold(0, |number: u32, byte| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        Some(number << 6 | u32::try_from(digit).ok()?)
    })
}
