//! The model check of the key ring by random histories: issuers that read at any time within their lag, with different
//! clocks and slow swaps, verifiers that keep each set for as long as they may, operators that rotate and revoke,
//! restarts, changes of the algorithm. The functions of the ring are the real ones. The properties are checked after
//! every step against the signed tokens and served sets, independently of the ring.

use std::{cell::Cell, env};

use proptest::{
    collection::vec,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

mod broken;
mod steps;
mod world;

pub(super) use broken::Broken;
use steps::{Step, steps};
use world::World;

/// The maximum length of a history.
const MAX_STEPS: usize = 60;

/// The number of histories in a normal test run; `HALLPASS_HISTORIES` changes it.
const HISTORIES: u64 = 500;

/// Runs one history.
fn live(steps: &[Step], broken: Option<Broken>) -> (Result<(), String>, World) {
    let mut world = World::new(broken);
    let outcome = steps.iter().try_for_each(|step| world.take(step)).and_then(|()| world.settle());
    (outcome, world)
}

/// Runs this many histories; the error is the first violation, shrunk, with its number.
fn search(seed: u64, histories: u32, broken: Option<Broken>) -> Result<world::Coverage, String> {
    let config = Config { cases: histories, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let mut seed_bytes = [0; 32];
    seed_bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes));
    let tried = Cell::new(0);
    let has_failed = Cell::new(false);
    let lived = Cell::new(world::Coverage::default());
    let result = runner.run(&vec(steps(), 1..MAX_STEPS), |steps| {
        let (outcome, world) = live(&steps, broken);
        if !has_failed.get() {
            tried.set(tried.get() + 1);
            lived.set(lived.get().and(world.coverage));
            has_failed.set(outcome.is_err());
        }
        outcome.map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => Ok(lived.get()),
        Err(TestError::Fail(violation, steps)) => Err(format!(
            "{violation}, in history {} of HALLPASS_SEED={seed}: {steps:#?}\n{}",
            tried.get(),
            live(&steps, broken).1.story()
        )),
        Err(error) => panic!("{error}"),
    }
}

fn number_from_env(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

#[test]
fn every_token_is_valid_for_its_life_and_a_revoked_key_for_no_longer_than_promised() {
    let histories = number_from_env("HALLPASS_HISTORIES", HISTORIES).try_into().unwrap();
    let coverage =
        search(number_from_env("HALLPASS_SEED", 0), histories, None).unwrap_or_else(|found| panic!("{found}"));
    println!("{histories} histories: {coverage:?}");
    coverage.assert_complete();
}

#[test]
fn every_rule_of_the_ring_that_is_broken_on_purpose_is_caught() {
    for broken in Broken::ALL {
        let Err(found) = search(1, 20_000, Some(broken)) else { panic!("{broken:?} was not caught") };
        println!("{broken:?}: {}", found.lines().next().unwrap_or_default());
    }
}
