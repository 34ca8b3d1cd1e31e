//! `hallpass calibrate`: measures hashes on this machine, and recommends parameters for a target time.

use std::{
    io::{self, Write},
    num::NonZero,
    sync::{Arc, Barrier, mpsc},
    thread,
    time::Duration,
};

use clap::Args;

use crate::{
    clock::Stopwatch,
    commands::value_parsers::millis,
    hashing::{HashingError, Machine, Workbench, cores},
    password::{InvalidPassword, Parameters, Password},
};

/// Options of `hallpass calibrate`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Calibrate {
    /// The target time of a hash while all workers hash, from 1ms to 10s.
    #[arg(long, value_name = "DURATION", default_value = "50ms", value_parser = millis)]
    pub(crate) target: Duration,
    /// The number of passwords hashed concurrently [default: the number of cores].
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<NonZero<usize>>,
}

/// Memory in KiB and passes of each measurement: OWASP's equivalent choices, then stronger ones.
const CANDIDATES: [(u32, u32); 10] = [
    (7_168, 5),
    (12_288, 3),
    (19_456, 2),
    (47_104, 1),
    (47_104, 2),
    (65_536, 2),
    (65_536, 3),
    (131_072, 2),
    (131_072, 3),
    (262_144, 3),
];

/// The duration of a measurement. The mean of a dozen hashes of 20 ms is exact to a few percent.
const MEASURED: Duration = Duration::from_millis(400);

/// Why the machine could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CalibrateError {
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    #[error("cannot print the measurements: {0}")]
    Output(#[from] io::Error),
}

/// The measurements of some parameters.
#[derive(Clone, Copy)]
struct Measured {
    parameters: Parameters,
    /// The time of a hash while nothing else runs.
    alone: Duration,
    /// The time of a hash while every worker hashes.
    together: Duration,
    /// Hashes a second of all workers.
    rate: f64,
}

pub(crate) fn run(options: &Calibrate) -> Result<(), CalibrateError> {
    let workers = options.workers.unwrap_or_else(cores);
    let memory = Machine::this().memory_bytes.unwrap_or(u64::MAX);
    let mut out = io::stdout();
    writeln!(out, "{workers} concurrent workers; target: {:?} per hash\n", options.target)?;
    writeln!(out, "{:>8}  {:>6}  {:>9}  {:>9}  {:>8}", "memory", "passes", "alone", "together", "logins/s")?;
    let mut measured = Vec::new();
    for (memory_kib, passes) in CANDIDATES {
        let Ok(parameters) = Parameters::new(memory_kib, passes, 1) else { continue };
        if parameters.memory_bytes().saturating_mul(workers.get() as u64) > memory / 2 {
            continue;
        }
        let found = measure(parameters, workers)?;
        writeln!(
            out,
            "{:>4} MiB  {passes:>6}  {:>6.1} ms  {:>6.1} ms  {:>8.0}",
            memory_kib / 1024,
            found.alone.as_secs_f64() * 1e3,
            found.together.as_secs_f64() * 1e3,
            found.rate,
        )?;
        measured.push(found);
    }
    recommend(&mut out, best(&measured, options.target), options)?;
    Ok(())
}

/// The parameters with the most memory within the target, then with the most passes: memory makes guessing expensive.
fn best(measured: &[Measured], target: Duration) -> Option<Measured> {
    let cost = |found: &Measured| (found.parameters.memory_kib(), found.parameters.passes());
    measured.iter().copied().filter(|found| found.together <= target).max_by_key(cost)
}

fn recommend(out: &mut impl Write, best: Option<Measured>, options: &Calibrate) -> io::Result<()> {
    let Some(Measured { parameters, rate, .. }) = best else {
        return writeln!(
            out,
            "\nNo parameters of sufficient strength meet the target of {:?}. Keep the defaults with fewer workers than cores, \
             or set a longer --target.",
            options.target
        );
    };
    writeln!(out, "\nRecommended options, for about {rate:.0} sign-ins per second:")?;
    write!(out, "  --argon2-memory {}MiB --argon2-passes {}", parameters.memory_kib() / 1024, parameters.passes())?;
    if let Some(workers) = options.workers {
        write!(out, " --hashing-workers {workers}")?;
    }
    writeln!(out)
}

fn measure(parameters: Parameters, workers: NonZero<usize>) -> Result<Measured, CalibrateError> {
    let (alone, _) = hash_on(parameters, NonZero::<usize>::MIN)?;
    let (together, rate) = hash_on(parameters, workers)?;
    Ok(Measured { parameters, alone, together, rate })
}

/// The mean time of a hash on concurrent workers, and their hashes per second.
fn hash_on(parameters: Parameters, workers: NonZero<usize>) -> Result<(Duration, f64), CalibrateError> {
    let barrier = Arc::new(Barrier::new(workers.get()));
    let (done, results) = mpsc::channel();
    let mut threads = Vec::new();
    for _ in 0..workers.get() {
        let done = done.clone();
        let barrier = Arc::clone(&barrier);
        let thread = thread::Builder::new().spawn(move || drop(done.send(hash_for_a_while(parameters, &barrier))));
        threads.push(thread.map_err(CalibrateError::Thread)?);
    }
    drop(done);
    let mut time = Duration::ZERO;
    let mut rate = 0.0;
    for mean in results {
        let mean = mean?;
        time += mean;
        rate += 1.0 / mean.as_secs_f64();
    }
    Ok((time / u32::try_from(workers.get()).unwrap_or(u32::MAX), rate))
}

/// The mean time of a hash on one worker, after a first hash that touches its memory.
fn hash_for_a_while(parameters: Parameters, barrier: &Barrier) -> Result<Duration, CalibrateError> {
    let password = Password::parse("a password of the usual length".to_owned())?.normalised();
    let mut bench = Workbench::new(parameters);
    let first = bench.create(&password);
    // Each thread waits here, also after a failure: otherwise the others would wait forever.
    barrier.wait();
    first?;
    let stopwatch = Stopwatch::start();
    let mut hashes = 0;
    while stopwatch.elapsed() < MEASURED {
        bench.create(&password)?;
        hashes += 1;
    }
    Ok(stopwatch.elapsed() / hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(memory_kib: u32, passes: u32, millis: u64) -> Measured {
        let parameters = Parameters::new(memory_kib, passes, 1).unwrap();
        let together = Duration::from_millis(millis);
        Measured { parameters, alone: together, together, rate: 1.0 }
    }

    #[test]
    fn the_most_memory_within_the_target_is_recommended() {
        let found =
            [measured(19_456, 2, 20), measured(65_536, 2, 45), measured(47_104, 2, 40), measured(131_072, 2, 99)];
        let recommended = |target| best(&found, Duration::from_millis(target)).map(|best| best.parameters.memory_kib());
        assert_eq!(
            [10, 20, 44, 50, 100].map(recommended),
            [None, Some(19_456), Some(47_104), Some(65_536), Some(131_072)]
        );
    }

    #[test]
    fn two_workers_are_measured_concurrently() {
        let (time, rate) = hash_on(Parameters::default(), NonZero::new(2).unwrap()).unwrap();
        assert!(!time.is_zero() && rate > 0.0);
    }
}
