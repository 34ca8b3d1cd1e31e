//! The parameters of our own hashes: Argon2id, never below OWASP's minimum.

/// The Argon2id parameters of new hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidParameters {
    #[error(
        "Argon2id with {memory_kib} KiB and {passes} passes is below OWASP's minimum: use at least 46 MiB with 1 pass, 19 MiB \
         with 2, 12 MiB with 3, 9 MiB with 4, or 7 MiB with 5"
    )]
    Weak { memory_kib: u32, passes: u32 },
    #[error("Argon2id must have 1 to {MAX_LANES} lanes")]
    Lanes,
    #[error("memory times passes must be at most 2 GiB, which takes a second of CPU time")]
    Expensive,
}

/// The minimum memory in KiB for 1, 2, 3, 4, 5 passes, of equal strength (OWASP Password Storage Cheat Sheet,
/// Argon2id).
const FLOOR_KIB: [u32; 5] = [47_104, 19_456, 12_288, 9_216, 7_168];

/// Lanes do not make a hash faster here, since each hash has one core. They serve compatibility with other systems.
const MAX_LANES: u32 = 16;

/// KiB times passes. 2 GiB take about a second.
const MAX_KIB_PASSES: u64 = 2 << 20;

impl Parameters {
    /// OWASP's first choice of the minimums, with the shortest time.
    pub(crate) const FLOOR: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };

    pub(crate) const SALT_BYTES: usize = 16;
    pub(crate) const OUTPUT_BYTES: usize = 32;

    pub(crate) fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidParameters> {
        if !(1..=MAX_LANES).contains(&lanes) {
            return Err(InvalidParameters::Lanes);
        }
        let floor = FLOOR_KIB.get(passes.clamp(1, 5) as usize - 1).copied().unwrap_or(u32::MAX);
        if passes == 0 || memory_kib < floor {
            return Err(InvalidParameters::Weak { memory_kib, passes });
        }
        if u64::from(memory_kib) * u64::from(passes) > MAX_KIB_PASSES {
            return Err(InvalidParameters::Expensive);
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    pub(crate) fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// The work of a hash: see [`PasswordHash::work`](super::PasswordHash::work).
    pub(crate) fn work(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }

    pub(crate) fn memory_bytes(self) -> u64 {
        u64::from(self.memory_kib) * 1024
    }

    pub(crate) fn passes(self) -> u32 {
        self.passes
    }

    pub(crate) fn lanes(self) -> u32 {
        self.lanes
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self::FLOOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_with_more_than_2_gib_are_refused() {
        assert!(Parameters::new(1 << 20, 2, 1).is_ok());
        assert_eq!(Parameters::new(1 << 20, 3, 1), Err(InvalidParameters::Expensive));
        assert_eq!(Parameters::new(19_456, u32::MAX, 1), Err(InvalidParameters::Expensive));
    }

    #[test]
    fn parameters_below_the_minimum_are_refused() {
        for (memory, passes) in [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5), (7_168, 9)] {
            assert!(Parameters::new(memory, passes, 1).is_ok());
            let weak = InvalidParameters::Weak { memory_kib: memory - 1, passes };
            assert_eq!(Parameters::new(memory - 1, passes, 1), Err(weak));
        }
        assert!(Parameters::new(1 << 20, 0, 1).is_err());
        assert_eq!(Parameters::new(19_456, 2, 0), Err(InvalidParameters::Lanes));
        assert_eq!(Parameters::new(19_456, 2, 17), Err(InvalidParameters::Lanes));
        assert_eq!(Parameters::new(19_456, 2, 1), Ok(Parameters::default()));
    }
}
