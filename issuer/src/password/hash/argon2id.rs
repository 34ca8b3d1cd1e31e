//! Argon2 (RFC 9106): our own hashes, and imported hashes of all three variants.

use argon2_rust::{
    Algorithm, Argon2, Error, Hasher, Params, Version,
    params::{self, TagLen},
};
use base64ct::{Base64Unpadded, Encoding as _};

use super::{
    HashingFailed, InvalidPasswordHash, Parameters,
    cost::{CostLimit, TooCostly, check_work},
    fields::{Fields, number},
};

const FORM: &str = "$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH, salt and hash in base64 without padding";

/// KiB times passes. 2 GiB take about half a second; our default is a fiftieth of that.
const MAX_KIB_PASSES: u64 = 2 << 20;

/// The working memory of Argon2. It is kept between hashes to save allocations, and wiped after each hash.
#[derive(Default)]
pub(crate) struct Memory(Option<Hasher>);

#[derive(Clone)]
pub(super) struct Argon2Hash {
    argon2: Argon2,
    salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl Argon2Hash {
    pub(super) fn parse(kind: &str, text: &str) -> Result<Self, InvalidPasswordHash> {
        let variants = [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id];
        let algorithm = variants.into_iter().find(|variant| variant.as_str() == kind);
        let algorithm = algorithm.ok_or(InvalidPasswordHash::Form(FORM))?;
        let mut fields = Fields::of(text, FORM);
        // Version 0x10 does not write its number.
        let version = match fields.next_if("v=") {
            None => Version::V0x10,
            Some(text) => number(text)
                .and_then(Version::from_u32)
                .ok_or(InvalidPasswordHash::Parameter { name: "version v", expected: "16 or 19" })?,
        };
        let [memory_kib, passes, lanes] = fields.next_named(["m", "t", "p"])?;
        let salt = fields.next_bytes()?;
        let output = fields.next_bytes()?;
        fields.end()?;
        check(memory_kib, passes, lanes, &salt, &output)?;
        let params = params(memory_kib, passes, lanes, output.len()).map_err(|_| InvalidPasswordHash::Form(FORM))?;
        Ok(Self { argon2: Argon2::new(algorithm, version, params), salt, output })
    }

    /// Hashes a password. The text is the PHC string.
    pub(super) fn create(
        password: &[u8],
        parameters: Parameters,
        salt: &[u8; Parameters::SALT_BYTES],
        memory: &mut Memory,
    ) -> Result<(String, Self), HashingFailed> {
        let m = parameters.memory_kib();
        let t = parameters.passes();
        let p = parameters.lanes();
        let params = params(m, t, p, Parameters::OUTPUT_BYTES).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hash = Self { argon2, salt: salt.to_vec(), output: Vec::new() };
        let mut output = vec![0; Parameters::OUTPUT_BYTES];
        hash.compute(password, &mut output, memory)?;
        let salt_text = Base64Unpadded::encode_string(salt);
        let output_text = Base64Unpadded::encode_string(&output);
        hash.output = output;
        Ok((format!("$argon2id$v=19$m={m},t={t},p={p}${salt_text}${output_text}"), hash))
    }

    pub(super) fn compute(&self, password: &[u8], out: &mut [u8], memory: &mut Memory) -> Result<(), HashingFailed> {
        memory.hasher(self.argon2).hash_into(password, &self.salt, out).map_err(failed)
    }

    pub(super) fn work(&self) -> u64 {
        let params = self.argon2.params();
        u64::from(params.memory_kib()) * u64::from(params.passes())
    }

    pub(super) fn check_cost(&self, limit: &CostLimit) -> Result<(), TooCostly> {
        limit.check_memory(u64::from(self.argon2.params().memory_kib()) * 1024)?;
        check_work("memory in KiB times passes", self.work(), MAX_KIB_PASSES)
    }

    pub(super) fn is_made_with(&self, parameters: Parameters) -> bool {
        let params = self.argon2.params();
        let costs = (params.memory_kib(), params.passes(), params.lanes());
        self.argon2.algorithm() == Algorithm::Argon2id
            && self.argon2.version() == Version::V0x13
            && costs == (parameters.memory_kib(), parameters.passes(), parameters.lanes())
            && self.salt.len() >= Parameters::SALT_BYTES
            && self.output.len() >= Parameters::OUTPUT_BYTES
    }
}

impl Memory {
    /// Empty; the first hash allocates it.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The allocated size in KiB.
    pub(crate) fn kib(&self) -> usize {
        self.0.as_ref().map_or(0, Hasher::reserved_blocks)
    }

    /// Frees the memory.
    pub(crate) fn release(&mut self) {
        self.0 = None;
    }

    fn hasher(&mut self, argon2: Argon2) -> &mut Hasher {
        let hasher = self.0.get_or_insert_with(|| argon2.hasher());
        hasher.set_argon2(argon2);
        hasher
    }
}

fn params(memory_kib: u32, passes: u32, lanes: u32, output_bytes: usize) -> Result<Params, Error> {
    let memory = params::Memory::kib(u64::from(memory_kib));
    let output = TagLen::bytes(u64::try_from(output_bytes).unwrap_or(u64::MAX));
    Params::builder().memory(memory).passes(passes).lanes(lanes).tag_len(output).build()
}

/// The bounds of RFC 9106 §3.1.
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

fn failed(error: Error) -> HashingFailed {
    HashingFailed(error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Compares two independent implementations for every variant, version and memory size.
        #[test]
        fn our_hashes_equal_those_of_another_implementation(
            (variant, version) in (0_u32..3, prop_oneof![Just(0x10_u32), Just(0x13)]),
            (lanes, kib_per_lane, passes) in (1_u32..5, 8_u32..200, 1_u32..4),
            output_bytes in 4_usize..100,
            password in prop::collection::vec(any::<u8>(), 0..200),
            salt in prop::collection::vec(any::<u8>(), 8..64),
            memory_before in prop::option::of(8_u32..2000),
        ) {
            let kib = lanes * kib_per_lane;
            let mut memory = Memory::new();
            if let Some(before) = memory_before {
                let argon2 = Argon2::new(Algorithm::Argon2d, Version::V0x13, params(before, 1, 1, 8).unwrap());
                memory.hasher(argon2).hash_into(b"another", b"anotherssalt", &mut [0; 8]).unwrap();
            }
            let algorithm = Algorithm::from_u32(variant).unwrap();
            let ours = Argon2Hash {
                argon2: Argon2::new(
                    algorithm,
                    Version::from_u32(version).unwrap(),
                    params(kib, passes, lanes, output_bytes).unwrap(),
                ),
                salt: salt.clone(),
                output: Vec::new(),
            };
            let mut found = vec![0; output_bytes];
            ours.compute(&password, &mut found, &mut memory).unwrap();
            let theirs = argon2::Argon2::new(
                argon2::Algorithm::new(algorithm.as_str()).unwrap(),
                argon2::Version::try_from(version).unwrap(),
                argon2::Params::new(kib, passes, lanes, Some(output_bytes)).unwrap(),
            );
            let mut expected = vec![0; output_bytes];
            theirs.hash_password_into(&password, &salt, &mut expected).unwrap();
            prop_assert_eq!(found, expected);
        }
    }
}
