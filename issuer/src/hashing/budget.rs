//! The memory budget of hashing, checked before the first hash. Later the kernel would end the whole process.

use std::{fs, num::NonZero};

use super::{CostLimit, Parameters};

/// The memory of all workers, and the limit of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) bytes: u64,
    /// The cost limit of one imported hash.
    pub(crate) limit: CostLimit,
}

/// The memory of this machine or container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// `None` if the system does not report it.
    pub(crate) memory_bytes: Option<u64>,
}

/// Why a budget is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BudgetError {
    #[error(
        "--hashing-memory of {} MiB is too little: {workers} workers with --argon2-memory of {} KiB need {} MiB",
        .budget >> 20, .each >> 10, needed(*workers, *each).div_ceil(1 << 20)
    )]
    TooLittle { budget: u64, workers: u64, each: u64 },
    #[error(
        "hashing may take {} MiB, and this machine or container has {} MiB: lower --hashing-memory, --hashing-workers or \
         --argon2-memory",
        .budget >> 20, .machine >> 20
    )]
    TooMuch { budget: u64, machine: u64 },
}

impl Budget {
    /// Checks the chosen budget, or chooses one: enough for imported hashes of the default limit, but at most half of the memory.
    pub(crate) fn new(
        chosen: Option<u64>,
        workers: NonZero<usize>,
        parameters: Parameters,
        machine: Machine,
    ) -> Result<Self, BudgetError> {
        let workers = workers.get() as u64;
        let each = parameters.memory_bytes();
        let needed = needed(workers, each);
        let memory = machine.memory_bytes.unwrap_or(u64::MAX);
        let budget = chosen.unwrap_or_else(|| {
            let plenty = workers.saturating_mul(each.saturating_add(CostLimit::DEFAULT_MEMORY_BYTES));
            plenty.min(memory / 2).max(needed)
        });
        if budget < needed {
            return Err(BudgetError::TooLittle { budget, workers, each });
        }
        // A tenth stays for the rest of the process and the machine.
        if budget > memory / 10 * 9 {
            return Err(BudgetError::TooMuch { budget, machine: memory });
        }
        // A worker keeps its own memory while scrypt takes another; Argon2's grows to what it needs.
        let memory_bytes = (budget / workers - each).max(each);
        Ok(Self { bytes: budget, limit: CostLimit { memory_bytes } })
    }
}

fn needed(workers: u64, each: u64) -> u64 {
    workers.saturating_mul(each)
}

impl Machine {
    /// Reads the limits from the kernel.
    pub(crate) fn this() -> Self {
        let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let limits =
            group_files(&groups).into_iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
        Self { memory_bytes: limits.chain(total).min() }
    }
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total_memory(text: &str) -> Option<u64> {
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix(" kB")?;
    kib.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The files with the limits of our control groups (cgroups(7)): in version 2 of each group from ours to the root, and the one
/// of version 1. A missing file, or one with `max`, sets no limit.
fn group_files(groups: &str) -> Vec<String> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        if controllers.is_empty() {
            let ancestors = std::path::Path::new(path).ancestors();
            files.extend(
                ancestors.map(|path| {
                    format!("/sys/fs/cgroup{}/memory.max", path.display().to_string().trim_end_matches('/'))
                }),
            );
        } else if controllers.split(',').any(|controller| controller == "memory") {
            files.push(format!("/sys/fs/cgroup/memory{path}/memory.limit_in_bytes"));
            files.push("/sys/fs/cgroup/memory/memory.limit_in_bytes".to_owned());
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn budget(chosen: Option<u64>, workers: usize, machine: Option<u64>) -> Result<Budget, BudgetError> {
        let machine = Machine { memory_bytes: machine };
        Budget::new(chosen, workers.try_into().unwrap(), Parameters::default(), machine)
    }

    #[test]
    fn a_budget_has_room_for_each_worker_and_leaves_some_of_the_machine() {
        assert!(matches!(budget(Some(37 * MIB), 2, None), Err(BudgetError::TooLittle { .. })));
        let smallest = budget(Some(38 * MIB), 2, None).unwrap();
        assert_eq!(smallest.limit.memory_bytes, 19 * MIB);
        assert!(matches!(budget(Some(91 * MIB), 2, Some(100 * MIB)), Err(BudgetError::TooMuch { .. })));
        assert!(matches!(budget(None, 6, Some(100 * MIB)), Err(BudgetError::TooMuch { .. })));
        let message = budget(Some(37 * MIB), 2, None).unwrap_err().to_string();
        assert!(message.contains("--hashing-memory of 37 MiB") && message.contains("need 38 MiB"), "{message}");
    }

    #[test]
    fn without_a_choice_foreign_hashes_have_room_but_not_over_half_of_the_machine() {
        let plenty = budget(None, 2, Some(24 << 30)).unwrap();
        assert_eq!((plenty.bytes, plenty.limit), (2 * (19 + 160) * MIB, CostLimit::default()));
        assert_eq!(budget(None, 2, Some(200 * MIB)).unwrap().bytes, 100 * MIB);
        assert_eq!(budget(None, 2, Some(50 * MIB)).unwrap().bytes, 38 * MIB);
    }

    #[test]
    fn the_machine_is_read_as_the_kernel_writes_it() {
        assert_eq!(total_memory("MemTotal:       24684352 kB\nMemFree: 1 kB\n"), Some(24_684_352 * 1024));
        assert_eq!(total_memory("MemFree: 1 kB\n"), None);
        assert_eq!(group_files("0::/a/b\n").len(), 3);
        assert_eq!(group_files("0::/a/b\n")[0], "/sys/fs/cgroup/a/b/memory.max");
        assert_eq!(group_files("5:cpu,memory:/x\n3:pids:/x\n")[0], "/sys/fs/cgroup/memory/x/memory.limit_in_bytes");
    }
}
