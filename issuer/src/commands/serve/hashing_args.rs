//! The options of password hashing: the cost of a hash, and the resources for hashing.

use std::{num::NonZero, time::Duration};

use clap::Args;

use crate::commands::value_parsers::{bytes, duration_to_wait};
use crate::{
    hashing::{Budget, BudgetError, Machine, Settings, cores},
    password::{InvalidParameters, Parameters},
};

/// The parameters of new hashes.
#[derive(Clone, Debug, Args)]
pub(crate) struct ParameterOptions {
    /// The memory of a hash. A stored hash is upgraded at the user's next sign-in. See `hallpass calibrate`.
    #[arg(long = "argon2-memory", id = "argon2-memory", env = "HALLPASS_ARGON2_MEMORY", value_name = "SIZE", default_value = "19MiB", value_parser = bytes)]
    pub(crate) memory: u64,
    /// The number of passes of a hash over its memory.
    #[arg(
        long = "argon2-passes",
        id = "argon2-passes",
        env = "HALLPASS_ARGON2_PASSES",
        value_name = "N",
        default_value_t = 2
    )]
    pub(crate) passes: u32,
    /// The number of lanes of a hash. One core computes them all.
    #[arg(
        long = "argon2-lanes",
        id = "argon2-lanes",
        env = "HALLPASS_ARGON2_LANES",
        value_name = "N",
        default_value_t = 1
    )]
    pub(crate) lanes: u32,
}

/// The options of `hallpass serve` for the resources of hashing.
#[derive(Clone, Debug, Args)]
pub(crate) struct HashingOptions {
    #[command(flatten)]
    pub(crate) parameters: ParameterOptions,
    /// The number of passwords hashed concurrently [default: the number of cores].
    #[arg(long, env = "HALLPASS_HASHING_WORKERS", value_name = "N")]
    pub(crate) hashing_workers: Option<NonZero<usize>>,
    /// The memory of all workers, imported hashes included [default: --argon2-memory plus 160MiB per worker, at most half of
    /// the machine's memory].
    #[arg(long, env = "HALLPASS_HASHING_MEMORY", value_name = "SIZE", value_parser = bytes)]
    pub(crate) hashing_memory: Option<u64>,
    /// The maximum wait of a sign-in for its password hash. A sign-in that would wait longer gets a 503 with Retry-After.
    #[arg(long, env = "HALLPASS_HASHING_DEADLINE", value_name = "DURATION", default_value = "2s",
          value_parser = duration_to_wait)]
    pub(crate) hashing_deadline: Duration,
}

/// Options that conflict with each other or with this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidHashing {
    #[error("--argon2-memory, --argon2-passes, --argon2-lanes: {0}")]
    Parameters(#[from] InvalidParameters),
    #[error("--hashing-workers must be at most {max} on this machine, {MAX_WORKERS_PER_CORE} per core")]
    Workers { max: usize },
    #[error(transparent)]
    Budget(#[from] BudgetError),
}

/// More hashing threads per core would only wait for each other.
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
        let workers = self.hashing_workers.unwrap_or_else(cores);
        let max = cores().get() * MAX_WORKERS_PER_CORE;
        if workers.get() > max {
            return Err(InvalidHashing::Workers { max });
        }
        let budget = Budget::new(self.hashing_memory, workers, parameters, machine)?;
        Ok(Settings { parameters, workers, limit: budget.limit, deadline: self.hashing_deadline })
    }
}
