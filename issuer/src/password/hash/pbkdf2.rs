//! PBKDF2 (RFC 8018 §5.2), as a PHC string and in passlib's form.

use hmac::Hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::{
    HashingFailed, InvalidPasswordHash,
    cost::{TooCostly, check_work},
    fields::{Fields, number},
};

const FORM: &str = "$pbkdf2-sha256$i=ITERATIONS[,l=BYTES]$SALT$HASH or $pbkdf2-sha256$ITERATIONS$SALT$HASH, salt and hash \
                    in base64 without padding";

/// OWASP's largest number is 1.3 million, with SHA-1. 1.5 million iterations take 0.5 to 1.5 seconds.
const MAX_ITERATIONS: u64 = 1_500_000;

#[derive(Clone)]
pub(super) struct Pbkdf2Hash {
    digest: Digest,
    iterations: u32,
    salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Pbkdf2Hash {
    pub(super) fn parse(kind: &str, text: &str) -> Result<Self, InvalidPasswordHash> {
        let digest = match kind {
            "pbkdf2-sha256" => Digest::Sha256,
            "pbkdf2-sha512" => Digest::Sha512,
            _ => Digest::Sha1,
        };
        let mut fields = Fields::of(text, FORM);
        let (iterations, announced) = cost(fields.next()?).ok_or(InvalidPasswordHash::Form(FORM))?;
        let salt = fields.next_bytes()?;
        let output = fields.next_bytes()?;
        fields.end()?;
        if iterations == 0 {
            return Err(InvalidPasswordHash::Parameter { name: "iterations", expected: "a number from 1" });
        }
        if announced.is_some_and(|length| length as usize != output.len()) {
            return Err(InvalidPasswordHash::Parameter {
                name: "length l",
                expected: "the length of the hash in bytes",
            });
        }
        if output.len() < 10 {
            return Err(InvalidPasswordHash::Parameter { name: "output", expected: "at least 10 bytes long" });
        }
        Ok(Self { digest, iterations, salt, output })
    }

    pub(super) fn compute(&self, password: &[u8], out: &mut [u8]) -> Result<(), HashingFailed> {
        let derived = match self.digest {
            Digest::Sha1 => pbkdf2::pbkdf2::<Hmac<Sha1>>(password, &self.salt, self.iterations, out),
            Digest::Sha256 => pbkdf2::pbkdf2::<Hmac<Sha256>>(password, &self.salt, self.iterations, out),
            Digest::Sha512 => pbkdf2::pbkdf2::<Hmac<Sha512>>(password, &self.salt, self.iterations, out),
        };
        derived.map_err(|error| HashingFailed(error.to_string()))
    }

    /// An iteration is about one unit.
    pub(super) fn work(&self) -> u64 {
        let block = match self.digest {
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
            Digest::Sha512 => 64,
        };
        // Each block of the output needs all iterations.
        let blocks = self.output.len().div_ceil(block) as u64;
        u64::from(self.iterations) * blocks
    }

    pub(super) fn check_cost(&self) -> Result<(), TooCostly> {
        check_work("iterations", self.work(), MAX_ITERATIONS)
    }
}

/// `i=ITERATIONS`, with or without `,l=BYTES`, or the number alone.
fn cost(field: &str) -> Option<(u32, Option<u32>)> {
    let Some(named) = field.strip_prefix("i=") else { return Some((number(field)?, None)) };
    match named.split_once(",l=") {
        Some((iterations, length)) => Some((number(iterations)?, Some(number(length)?))),
        None => Some((number(named)?, None)),
    }
}
