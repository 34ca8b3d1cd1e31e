//! What a foreign hash may cost. Somebody else chose its parameters; checking it must not stop the issuer.

/// The memory that one hash may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CostLimit {
    pub(crate) memory_bytes: u64,
}

/// A hash that takes too much to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooCostly {
    #[error("the hash takes {} MiB of memory, and one hash may take {}: see --hashing-memory", mib(*needed), mib(*max))]
    Memory { needed: u64, max: u64 },
    #[error("the hash's {name} is {found}, and more than {max} would take a core for seconds")]
    Work { name: &'static str, found: u64, max: u64 },
}

impl CostLimit {
    /// What one hash may take where nothing else is said: the largest that OWASP names is scrypt with 128 MiB.
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
