//! `hallpass calibrate`: how long hashes take on this machine, and which parameters fit a time.

use std::{
    io::{self, Write},
    num::NonZero,
    sync::{Arc, Barrier, mpsc},
    thread,
    time::Duration,
};

pub(crate) use super::serve::hashing_args::Calibrate;
use crate::{
    clock::Stopwatch,
    hashing::{HashingError, Machine, Workbench, cores},
    password::{InvalidPassword, Parameters, Password},
};

/// Memory in KiB and passes of what is measured: OWASP's equals, then more of each.
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

/// How long each is measured. A dozen hashes of 20 ms tell the mean to a few parts in a hundred.
const MEASURED: Duration = Duration::from_millis(400);

/// Why the machine could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CalibrateError {
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    #[error("a thread cannot be started: {0}")]
    Thread(io::Error),
    #[error("it was measured, but that cannot be printed: {0}")]
    Output(#[from] io::Error),
}

/// What was measured of some parameters.
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
    writeln!(out, "{workers} workers, all at once; a hash may take {:?}\n", options.target)?;
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
    propose(&mut out, best(&measured, options.target), options)?;
    Ok(())
}

/// The most memory within the time, then the most passes: memory is what makes guessing expensive.
fn best(measured: &[Measured], target: Duration) -> Option<Measured> {
    let cost = |found: &Measured| (found.parameters.memory_kib(), found.parameters.passes());
    measured.iter().copied().filter(|found| found.together <= target).max_by_key(cost)
}

fn propose(out: &mut impl Write, best: Option<Measured>, options: &Calibrate) -> io::Result<()> {
    let Some(Measured { parameters, rate, .. }) = best else {
        return writeln!(
            out,
            "\nNothing that is strong enough fits into {:?}. Stay with the defaults, on fewer workers than cores or with a \
             longer --target.",
            options.target
        );
    };
    let (memory_kib, passes) = (parameters.memory_kib(), parameters.passes());
    writeln!(out, "\nSet, for about {rate:.0} logins a second:")?;
    write!(out, "  --argon2-memory {}MiB --argon2-passes {passes}", memory_kib / 1024)?;
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

/// The mean time of a hash on so many workers at once, and their hashes a second.
fn hash_on(parameters: Parameters, workers: NonZero<usize>) -> Result<(Duration, f64), CalibrateError> {
    let barrier = Arc::new(Barrier::new(workers.get()));
    let (done, results) = mpsc::channel();
    let mut threads = Vec::new();
    for _ in 0..workers.get() {
        let (done, barrier) = (done.clone(), Arc::clone(&barrier));
        let thread = thread::Builder::new().spawn(move || drop(done.send(hash_for_a_while(parameters, &barrier))));
        threads.push(thread.map_err(CalibrateError::Thread)?);
    }
    drop(done);
    let (mut time, mut rate) = (Duration::ZERO, 0.0);
    for each in results {
        let each = each?;
        time += each;
        rate += 1.0 / each.as_secs_f64();
    }
    Ok((time / u32::try_from(workers.get()).unwrap_or(u32::MAX), rate))
}

/// The mean time of a hash on one worker, whose memory has been touched before.
fn hash_for_a_while(parameters: Parameters, barrier: &Barrier) -> Result<Duration, CalibrateError> {
    let password = Password::parse("a password of the usual length".to_owned())?.normalised();
    let mut bench = Workbench::new(parameters);
    let first = bench.create(&password);
    // Everybody comes here, also after a failure: nobody must wait for one who does not come.
    barrier.wait();
    first?;
    let (stopwatch, mut hashes) = (Stopwatch::start(), 0);
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
        let (parameters, together) = (Parameters::new(memory_kib, passes, 1).unwrap(), Duration::from_millis(millis));
        Measured { parameters, alone: together, together, rate: 1.0 }
    }

    #[test]
    fn the_most_memory_within_the_time_is_proposed() {
        let found =
            [measured(19_456, 2, 20), measured(65_536, 2, 45), measured(47_104, 2, 40), measured(131_072, 2, 99)];
        let proposed = |target| best(&found, Duration::from_millis(target)).map(|best| best.parameters.memory_kib());
        assert_eq!(
            [10, 20, 44, 50, 100].map(proposed),
            [None, Some(19_456), Some(47_104), Some(65_536), Some(131_072)]
        );
    }

    #[test]
    fn two_workers_are_measured_at_once() {
        let (time, rate) = hash_on(Parameters::default(), NonZero::new(2).unwrap()).unwrap();
        assert!(!time.is_zero() && rate > 0.0);
    }
}
