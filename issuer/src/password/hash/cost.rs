//! The cost limits of imported hashes. Another system chose their parameters, and a verification must not block the
//! issuer.

/// The maximum memory of one hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CostLimit {
    pub(crate) memory_bytes: u64,
}

/// Why a hash is too expensive to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooCostly {
    #[error("the hash needs {} MiB of memory, and one hash may use {} MiB: see --hashing-memory", mib(*needed), mib(*max))]
    Memory { needed: u64, max: u64 },
    #[error("the hash's {name} is {found}; the maximum is {max}, since more takes seconds of CPU time")]
    Work { name: &'static str, found: u64, max: u64 },
}

impl CostLimit {
    /// The default maximum memory of one hash. The largest of OWASP's recommendations is scrypt with 128 MiB.
    pub(crate) const DEFAULT_MEMORY_BYTES: u64 = 160 << 20;

    pub(super) fn check_memory(&self, needed: u64) -> Result<(), TooCostly> {
        let max = self.memory_bytes;
        if needed <= max { Ok(()) } else { Err(TooCostly::Memory { needed, max }) }
    }
}

impl Default for CostLimit {
    fn default() -> Self {
        Self { memory_bytes: Self::DEFAULT_MEMORY_BYTES }
    }
}

pub(super) fn check_work(name: &'static str, found: u64, max: u64) -> Result<(), TooCostly> {
    if found <= max { Ok(()) } else { Err(TooCostly::Work { name, found, max }) }
}

/// Whole mebibytes, rounded up.
fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}
