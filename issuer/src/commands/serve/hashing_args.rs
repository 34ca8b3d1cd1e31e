//! The options of hashing: how dear a hash is, and what a machine gives for it.

use std::{num::NonZero, time::Duration};

use clap::Args;

use crate::commands::values::{bytes, duration_to_wait, millis};
use crate::{
    hashing::{Budget, BudgetError, Machine, Settings, cores},
    password::{InvalidParameters, Parameters},
};

/// The options that say how new hashes are made.
#[derive(Clone, Debug, Args)]
pub(crate) struct ParameterOptions {
    /// Memory of one hash. A stored hash with other parameters is replaced at the user's next sign-in; see `hallpass calibrate`.
    #[arg(long = "argon2-memory", id = "argon2-memory", env = "HALLPASS_ARGON2_MEMORY", value_name = "SIZE", default_value = "19MiB", value_parser = bytes)]
    pub(crate) memory: u64,
    /// Passes of a hash over its memory.
    #[arg(
        long = "argon2-passes",
        id = "argon2-passes",
        env = "HALLPASS_ARGON2_PASSES",
        value_name = "N",
        default_value_t = 2
    )]
    pub(crate) passes: u32,
    /// Lanes of a hash; one core computes them all.
    #[arg(
        long = "argon2-lanes",
        id = "argon2-lanes",
        env = "HALLPASS_ARGON2_LANES",
        value_name = "N",
        default_value_t = 1
    )]
    pub(crate) lanes: u32,
}

/// The options of `hallpass serve` that say what a machine gives for hashing.
#[derive(Clone, Debug, Args)]
pub(crate) struct HashingOptions {
    #[command(flatten)]
    pub(crate) parameters: ParameterOptions,
    /// How many passwords are hashed at once [default: the number of cores].
    #[arg(long, env = "HALLPASS_HASHING_WORKERS", value_name = "N")]
    pub(crate) hashing_workers: Option<NonZero<usize>>,
    /// Memory of all hashing together, imported hashes included [default: --argon2-memory and 160MiB for each worker, at
    /// most half of the machine's memory].
    #[arg(long, env = "HALLPASS_HASHING_MEMORY", value_name = "SIZE", value_parser = bytes)]
    pub(crate) hashing_memory: Option<u64>,
    /// How long a sign-in may wait for its hash. A sign-in that would wait longer is refused with 503 and Retry-After.
    #[arg(long, env = "HALLPASS_HASHING_DEADLINE", value_name = "DURATION", default_value = "2s",
          value_parser = duration_to_wait)]
    pub(crate) hashing_deadline: Duration,
}

/// Options of `hallpass calibrate`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Calibrate {
    /// Target time of one hash while all workers hash.
    #[arg(long, value_name = "MILLISECONDS", default_value = "50ms", value_parser = millis)]
    pub(crate) target: Duration,
    /// How many passwords are hashed at once [default: the number of cores].
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<NonZero<usize>>,
}

/// Options that do not go together, or not with this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidHashing {
    #[error("--argon2-memory, --argon2-passes, --argon2-lanes: {0}")]
    Parameters(#[from] InvalidParameters),
    #[error("--hashing-workers must be at most {most}, four for each core")]
    Workers { most: usize },
    #[error(transparent)]
    Budget(#[from] BudgetError),
}

/// Hashing threads for each core, at most.
const MAX_WORKERS_PER_CORE: usize = 4;

impl ParameterOptions {
    pub(crate) fn to_parameters(&self) -> Result<Parameters, InvalidParameters> {
        let memory_kib = u32::try_from(self.memory / 1024).unwrap_or(u32::MAX);
        Parameters::new(memory_kib, self.passes, self.lanes)
    }
}

impl HashingOptions {
    pub(crate) fn to_settings(&self, machine: Machine) -> Result<Settings, InvalidHashing> {
        let parameters = self.parameters.to_parameters()?;
        let (workers, most) = (self.hashing_workers.unwrap_or_else(cores), cores().get() * MAX_WORKERS_PER_CORE);
        if workers.get() > most {
            return Err(InvalidHashing::Workers { most });
        }
        let budget = Budget::new(self.hashing_memory, workers, parameters, machine)?;
        Ok(Settings { parameters, workers, limit: budget.limit, deadline: self.hashing_deadline })
    }
}
