//! The model check of the rules by random histories: several tabs that share a cookie jar, a thief, lost and late
//! answers, crashes that lose non-durable writes, a clock that jumps, concurrent sign-outs and refreshes. The
//! transition functions are the real ones. The properties are checked after every step against the family tree of
//! tokens, independently of the rules.
//!
//! proptest drives it: it has seeds, and it shrinks a counterexample to a few steps, which [`world`] prints. Each step
//! is valid in every state, so that any part of a history is a history. An exhaustive checker would face too many
//! states, because of times, salts and hashes. The planted bugs of [`broken`] are found within seconds.

use std::{cell::Cell, env, num::NonZero, thread};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};

mod broken;
mod coverage;
mod disk;
mod exchange;
mod history;
mod parting;
mod world;

use broken::Broken;
use coverage::Coverage;
use history::{Setup, Step, setups, steps};
use world::{Violation, World};

use super::{Lifetimes, Rules};

/// The maximum length of a history. Most violations need fewer than ten steps.
const MAX_STEPS: usize = 40;

/// The number of histories in a normal test run; `HALLPASS_HISTORIES` changes it. Use `--release` for large numbers.
const HISTORIES: u32 = 3_000;

/// A history that breaks a property, shrunk.
struct Counterexample {
    /// The number of histories up to the first that failed.
    histories: u32,
    violation: Violation,
    story: String,
}

/// Runs one history, and settles it at its end.
fn live(setup: &Setup, steps: &[Step], broken: Option<Broken>, tells: bool) -> (Result<(), Violation>, World) {
    let mut world = World::new(setup, broken, tells);
    let outcome = steps.iter().try_for_each(|step| world.take(step)).and_then(|()| world.settle());
    (outcome, world)
}

/// Runs this many histories, the same ones for the same seed.
fn search(seed: u64, histories: u32, broken: Option<Broken>) -> Result<Coverage, Box<Counterexample>> {
    let config = Config { cases: histories, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let mut seed_bytes = [0; 32];
    seed_bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes));
    let tried = Cell::new(0);
    let has_failed = Cell::new(false);
    let lived = Cell::new(Coverage::default());
    let result = runner.run(&(setups(), vec(steps(), 1..MAX_STEPS)), |(setup, steps)| {
        let (outcome, world) = live(&setup, &steps, broken, false);
        // After the first failure, the further runs shrink it.
        if !has_failed.get() {
            tried.set(tried.get() + 1);
            lived.set(lived.get() + world.coverage);
            has_failed.set(outcome.is_err());
        }
        outcome.map_err(|violation| TestCaseError::fail(violation.to_string()))
    });
    match result {
        Ok(()) => Ok(lived.get()),
        Err(TestError::Fail(_, (setup, steps))) => {
            let (outcome, world) = live(&setup, &steps, broken, true);
            let violation = outcome.expect_err("proptest shrinks to a history that fails");
            let story = format!("{setup}\n{}", world.story());
            Err(Box::new(Counterexample { histories: tried.get(), violation, story }))
        }
        Err(error) => panic!("{error}"),
    }
}

fn number_from_env(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// Histories that one seed leads through: a run of many is cut into so many seeds, and one that fails is soon found
/// again.
const CHUNK: u64 = 10_000;

/// Goes through the chunks of one worker. A failure names the seed that leads to it again.
fn search_chunks(first_seed: u64, histories: u64, chunks: impl Iterator<Item = u64>) -> Coverage {
    chunks.fold(Coverage::default(), |coverage, chunk| {
        let seed = first_seed + chunk;
        let size = CHUNK.min(histories - chunk * CHUNK);
        match search(seed, size.try_into().unwrap(), None) {
            Ok(more) => coverage + more,
            Err(found) => {
                let Counterexample { histories, violation, story } = *found;
                panic!("{violation}, in history {histories} of HALLPASS_SEED={seed}:\n\n{story}")
            }
        }
    })
}

#[test]
fn the_three_properties_hold_in_every_history() {
    let histories = number_from_env("HALLPASS_HISTORIES", HISTORIES.into());
    let first = number_from_env("HALLPASS_SEED", 0);
    let chunks = histories.div_ceil(CHUNK);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let coverage = thread::scope(|scope| {
        let workers: Vec<_> = (0..chunks.min(threads as u64))
            .map(|worker| scope.spawn(move || search_chunks(first, histories, (worker..chunks).step_by(threads))))
            .collect();
        workers
            .into_iter()
            .fold(Coverage::default(), |coverage, worker| coverage + worker.join().expect("a worker found a bug"))
    });
    println!("{histories} histories, {chunks} seeds from {first}; no property was broken.\n{coverage}");
    coverage.assert_complete();
}

#[test]
fn every_rule_that_is_broken_on_purpose_is_caught() {
    for broken in Broken::SOON_FOUND {
        let Err(found) = search(1, 50_000, Some(broken)) else { panic!("{broken:?} was not caught") };
        let Counterexample { histories, violation, story } = *found;
        println!("{broken:?}: caught in history {histories}: {violation}\n{story}\n");
    }
}

#[test]
fn bounds_that_take_whole_seconds_for_exact_are_caught() {
    // Each answer comes at the last moment: the answer to a retry within G after another tab sent its request, which
    // arrives just before 2G have passed.
    let steps = [
        Step::Send { tab: 0 },
        Step::Proceed { exchange: 0, stages: 2 },
        Step::Elapse { units: 34 },
        Step::Proceed { exchange: 0, stages: 3 },
        Step::Elapse { units: 58 },
        Step::Send { tab: 0 },
        Step::Proceed { exchange: 0, stages: 2 },
        Step::ElapseToDeadline { exchange: 0 },
        Step::Send { tab: 1 },
        Step::Proceed { exchange: 0, stages: 3 },
        Step::ElapseToDeadline { exchange: 0 },
        Step::Proceed { exchange: 0, stages: 2 },
    ];
    let lifetimes = Lifetimes { idle: 25, absolute: 120 };
    let rules = Rules { lifetimes, grace: 1, late_window: 10 };
    let setups = || (0..1000).map(|phase| Setup { rules, phase, tabs: 2 });
    let breaks = |broken| setups().filter(|setup| live(setup, &steps, broken, false).0.is_err()).count();
    assert_eq!(breaks(None), 0);
    assert!(breaks(Some(Broken::RoundsDown)) > 500, "{}", breaks(Some(Broken::RoundsDown)));
}
