//! Argon2 (RFC 9106): our own hashes, and those of all three variants that came from elsewhere.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64ct::{Base64Unpadded, Encoding as _};

use super::{
    HashingFailed, InvalidPasswordHash, Memory, Parameters,
    cost::{CostLimit, TooCostly, check_work},
    fields::{Fields, number},
};

const FORM: &str = "$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH, salt and hash in base64 without padding";

/// KiB times passes: 2 GiB are written in about a second, where our own default takes a fiftieth of that.
const MOST_KIB_PASSES: u64 = 2 << 20;

#[derive(Clone)]
pub(super) struct Argon2Hash {
    argon2: Argon2<'static>,
    algorithm: Algorithm,
    version: Version,
    salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl Argon2Hash {
    pub(super) fn parse(kind: &str, text: &str) -> Result<Self, InvalidPasswordHash> {
        let algorithm = Algorithm::new(kind).map_err(|_| InvalidPasswordHash::Form(FORM))?;
        let mut fields = Fields::of(text, FORM);
        // A hash without a version is one of the first, 0x10, which did not write it.
        let version = match fields.next_if("v=") {
            None => Version::V0x10,
            Some(text) => number(text)
                .and_then(|version| Version::try_from(version).ok())
                .ok_or(InvalidPasswordHash::Parameter { name: "version v", expected: "16 or 19" })?,
        };
        let [memory_kib, passes, lanes] = fields.next_named(["m", "t", "p"])?;
        let (salt, output) = (fields.next_bytes()?, fields.next_bytes()?);
        fields.end()?;
        check(memory_kib, passes, lanes, &salt, &output)?;
        let params = Params::new(memory_kib, passes, lanes, Some(output.len()));
        let params = params.map_err(|_| InvalidPasswordHash::Form(FORM))?;
        Ok(Self { argon2: Argon2::new(algorithm, version, params), algorithm, version, salt, output })
    }

    /// Hashes a password; the text is the hash as a PHC string.
    pub(super) fn create(
        password: &[u8],
        parameters: Parameters,
        salt: &[u8; Parameters::SALT_BYTES],
        memory: &mut Memory,
    ) -> Result<(String, Self), HashingFailed> {
        let (m, t, p) = (parameters.memory_kib(), parameters.passes(), parameters.lanes());
        let params = Params::new(m, t, p, Some(Parameters::OUTPUT_BYTES)).map_err(failed)?;
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let argon2 = Argon2::new(algorithm, version, params);
        let mut hash = Self { argon2, algorithm, version, salt: salt.to_vec(), output: Vec::new() };
        let mut output = vec![0; Parameters::OUTPUT_BYTES];
        hash.compute(password, &mut output, memory)?;
        let (salt_text, output_text) = (Base64Unpadded::encode_string(salt), Base64Unpadded::encode_string(&output));
        hash.output = output;
        Ok((format!("$argon2id$v=19$m={m},t={t},p={p}${salt_text}${output_text}"), hash))
    }

    pub(super) fn compute(&self, password: &[u8], out: &mut [u8], memory: &mut Memory) -> Result<(), HashingFailed> {
        let blocks = self.argon2.params().block_count();
        if memory.len() < blocks {
            memory.try_reserve_exact(blocks - memory.len()).map_err(failed)?;
            memory.resize(blocks, Block::default());
        }
        self.argon2.hash_password_into_with_memory(password, &self.salt, out, &mut **memory).map_err(failed)
    }

    pub(super) fn check_cost(&self, limit: &CostLimit) -> Result<(), TooCostly> {
        let params = self.argon2.params();
        limit.check_memory(u64::from(params.m_cost()) * 1024)?;
        check_work(
            "memory in KiB times passes",
            u64::from(params.m_cost()) * u64::from(params.t_cost()),
            MOST_KIB_PASSES,
        )
    }

    pub(super) fn is_made_with(&self, parameters: Parameters) -> bool {
        let params = self.argon2.params();
        let costs = (params.m_cost(), params.t_cost(), params.p_cost());
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && costs == (parameters.memory_kib(), parameters.passes(), parameters.lanes())
            && self.salt.len() >= Parameters::SALT_BYTES
            && self.output.len() >= Parameters::OUTPUT_BYTES
    }
}

/// RFC 9106 §3.1, each bound with its name.
fn check(memory_kib: u32, passes: u32, lanes: u32, salt: &[u8], output: &[u8]) -> Result<(), InvalidPasswordHash> {
    let bounds = [
        ((1..1 << 24).contains(&lanes), "lanes p", "a number from 1 to 16777215"),
        (memory_kib >= lanes.saturating_mul(8), "memory m", "a number of KiB, at least 8 for each lane"),
        (passes >= 1, "passes t", "a number from 1"),
        (salt.len() >= 8, "salt", "at least 8 bytes long"),
        (output.len() >= 4, "output", "at least 4 bytes long"),
    ];
    match bounds.into_iter().find(|(holds, ..)| !holds) {
        Some((_, name, expected)) => Err(InvalidPasswordHash::Parameter { name, expected }),
        None => Ok(()),
    }
}

fn failed(error: impl ToString) -> HashingFailed {
    HashingFailed(error.to_string())
}
