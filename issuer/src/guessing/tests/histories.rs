//! What the limits promise, over random histories.

use proptest::prelude::*;

use super::*;

/// What happens in a random history.
#[derive(Clone, Debug)]
enum Step {
    /// A stranger begins an attempt, from one of a few addresses.
    Begin(u32),
    /// The oldest attempt under way fails, or its client goes.
    Fail,
    HangUp,
    /// The issuer cannot try it: 503.
    Withdraw,
    /// The owner's device is used, with the right password or a wrong one.
    Owner(bool),
    Pass(u64),
    /// So many strangers, each from an address of their own, fail at names of their own.
    Flood(u32),
    /// The issuer starts again: what is under way comes to nothing.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        60 => (2..6_u32).prop_map(Step::Begin),
        60 => Just(Step::Fail),
        4 => Just(Step::HangUp),
        4 => Just(Step::Withdraw),
        2 => any::<bool>().prop_map(Step::Owner),
        60 => (1..2_000_000_u64).prop_map(Step::Pass),
        8 => (1..60_u32).prop_map(Step::Flood),
        2 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..2000)
}

/// A history as it goes, with the strangers' failures counted from outside.
struct World {
    guessing: Arc<Guessing>,
    now: u64,
    /// The failures in the user's record, which follow what is counted, as `auth` has it.
    recorded: u16,
    under_way: Vec<Attempt>,
    row: u16,
    own_failures: u16,
}

impl World {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Begin(address) => {
                let by = stranger(&self.guessing, "owner", self.recorded, address);
                self.under_way.extend(self.guessing.attempt(&by, at(self.now)));
            }
            Step::Fail if !self.under_way.is_empty() => {
                self.under_way.remove(0).failed();
                self.row += 1;
            }
            Step::HangUp if !self.under_way.is_empty() => drop(self.under_way.remove(0)),
            Step::Withdraw if !self.under_way.is_empty() => self.under_way.remove(0).withdrawn(),
            Step::Owner(is_right) if self.own_failures < 10 => self.owner(is_right),
            Step::Pass(millis) => self.now += millis,
            Step::Flood(names) => {
                for name in 0..names {
                    let by = stranger(&self.guessing, &format!("user{name}"), 0, 1000 + name);
                    fails(&self.guessing, &by, self.now);
                }
            }
            Step::Restart => {
                self.under_way.clear();
                self.guessing = small();
                self.own_failures = 0;
            }
            Step::Fail | Step::HangUp | Step::Withdraw | Step::Owner(_) => {}
        }
        let account = stranger(&self.guessing, "owner", 0, 0).account;
        self.recorded = self.guessing.due(account).unwrap_or(self.recorded);
    }

    fn owner(&mut self, is_right: bool) {
        let attempt = self.guessing.attempt(&owner(&self.guessing, self.recorded), at(self.now));
        let attempt = attempt.expect("a known device has its budget");
        assert!(attempt.is_known());
        if is_right {
            attempt.succeeded();
            self.row = self.row.saturating_sub(10);
            self.own_failures = 0;
        } else {
            attempt.failed();
            self.own_failures += 1;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the interleaving, the restarts and the floods: never more than a hundred guesses of strangers are tried in a
    /// row, and ten more for each sign-in of the owner, whose device is admitted as long as its own budget lasts.
    #[test]
    fn no_history_gives_strangers_more_than_a_hundred_in_a_row_nor_takes_the_owner_s_budget(steps in steps()) {
        let (guessing, under_way) = (small(), Vec::new());
        let mut world = World { guessing, now: 0, recorded: 0, under_way, row: 0, own_failures: 0 };
        for step in steps {
            world.step(&step);
            prop_assert!(world.row <= MOST_FAILURES, "{} in a row", world.row);
        }
    }

    /// Who comes back after so many seconds is admitted, and not a second before, unless there were a hundred failures.
    #[test]
    fn retry_after_is_true(failures in 0..100_u16, names in 0..70_u32, later in 0..3_000_u64) {
        let guessing = Guessing::new([1; 32]);
        for name in 0..names {
            let by = stranger(&guessing, &format!("user{name}"), 0, 1);
            fails(&guessing, &by, 0);
        }
        let by = stranger(&guessing, "owner", failures, 1);
        fails(&guessing, &by, 0);
        let refused = guessing.attempt(&by, at(later)).err();
        if let Some(TooMany { seconds, .. }) = refused.filter(|_| failures < 99) {
            prop_assert!(seconds >= 1);
            prop_assert!(guessing.attempt(&by, at(later + (seconds - 1) * 1000)).is_err());
            prop_assert!(guessing.attempt(&by, at(later + seconds * 1000)).is_ok());
        }
    }
}
