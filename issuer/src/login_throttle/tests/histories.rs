//! What the limits promise, over random histories.

use proptest::prelude::*;

use super::*;

/// What happens in a random history.
#[derive(Clone, Debug)]
enum Step {
    /// An unknown device begins an attempt, from one of a few addresses.
    Begin(u32),
    /// The oldest attempt under way fails, or its client goes.
    Fail,
    HangUp,
    /// The issuer cannot try it: 503.
    Withdraw,
    /// One of the owner's devices is used, with the right password or a wrong one.
    Owner(u8, bool),
    TokenResponse(u64),
    /// So many unknown devices, each from an address of its own, fail at names of their own.
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
        20 => (0..60_u8, prop::bool::weighted(0.05)).prop_map(|(device, is_right)| Step::Owner(device, is_right)),
        60 => (1..2_000_000_u64).prop_map(Step::TokenResponse),
        8 => (1..60_u32).prop_map(Step::Flood),
        2 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..2000)
}

/// A history as it goes, with the failures that were tried counted from outside.
struct World {
    login_throttle: Arc<LoginThrottle>,
    now: u64,
    /// The failures in the user's record, which follow what is counted, as `auth` has it.
    recorded: Failures,
    under_way: Vec<Attempt>,
    unknown: u16,
    known: u16,
}

impl World {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Begin(address) => {
                let by = Guest { recorded: self.recorded, ..unknown("owner", address) };
                self.under_way.extend(by.attempt(&self.login_throttle, self.now));
            }
            Step::Fail if !self.under_way.is_empty() => {
                let attempt = self.under_way.remove(0);
                self.unknown += u16::from(!attempt.is_void());
                attempt.settle(Outcome::Failed);
            }
            Step::HangUp if !self.under_way.is_empty() => drop(self.under_way.remove(0)),
            Step::Withdraw if !self.under_way.is_empty() => self.under_way.remove(0).settle(Outcome::Untried),
            Step::Owner(device, is_right) => self.owner(device, is_right),
            Step::TokenResponse(millis) => self.now += millis,
            Step::Flood(names) => {
                for name in 0..names {
                    unknown(&format!("user{name}"), 1000 + name).fails(&self.login_throttle, self.now);
                }
            }
            Step::Restart => {
                self.under_way.clear();
                self.login_throttle = small();
            }
            Step::Fail | Step::HangUp | Step::Withdraw => {}
        }
        let note = self.login_throttle.note(owner().account(&self.login_throttle), Some(self.recorded));
        if let Some(mut note) = note {
            while let Some(aim) = note.look(Some(self.recorded)) {
                self.recorded = aim;
                note.written();
            }
        }
    }

    fn owner(&mut self, device: u8, is_right: bool) {
        let account = owner().account(&self.login_throttle);
        let is_exhausted = self.login_throttle.has_exhausted_devices(account, self.recorded, at(self.now));
        let device = (!is_exhausted).then_some(DeviceId([device; 16]));
        let Ok(attempt) =
            (Guest { device, recorded: self.recorded, ..owner() }).attempt(&self.login_throttle, self.now)
        else {
            return;
        };
        let (is_known, is_void) = (attempt.is_known(), attempt.is_void());
        if is_right && !is_void {
            attempt.settle(Outcome::Succeeded);
            self.unknown = if is_known { self.unknown.saturating_sub(10) } else { 0 };
            self.known = self.known.saturating_sub(10);
        } else {
            attempt.settle(Outcome::Failed);
            *(if is_known { &mut self.known } else { &mut self.unknown }) += u16::from(!is_void);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the interleaving, the restarts and the floods: never more than a hundred guesses are tried in a row, those of
    /// unknown devices and those on sixty known devices together, and ten more of either for each sign-in of the owner.
    #[test]
    fn no_history_gives_more_than_a_hundred_guesses_in_a_row(steps in steps()) {
        let (login_throttle, under_way) = (small(), Vec::new());
        let mut world = World { login_throttle, now: 0, recorded: Failures::default(), under_way, unknown: 0, known: 0 };
        for step in steps {
            world.step(&step);
            prop_assert!(world.unknown <= MAX_UNKNOWN, "{} in a row", world.unknown);
            prop_assert!(world.known <= MAX_KNOWN, "{} in a row on known devices", world.known);
        }
    }

    /// A client that comes back after so many seconds is admitted, and not a second before.
    #[test]
    fn retry_after_is_true(failures in 0..100_u32, names in 0..70_u32, later in 0..3_000_u64) {
        let login_throttle = LoginThrottle::new([1; 32]);
        for name in 0..names {
            unknown(&format!("user{name}"), 1).fails(&login_throttle, 0);
        }
        for address in 0..failures {
            unknown("owner", 2 + address).fails(&login_throttle, 0);
        }
        let by = unknown("owner", 1);
        by.fails(&login_throttle, 0);
        if let Err(TooMany { seconds, .. }) = by.attempt(&login_throttle, later).map(|attempt| attempt.settle(Outcome::Untried)) {
            prop_assert!(seconds >= 1);
            prop_assert!(by.attempt(&login_throttle, later + (seconds - 1) * SECOND).is_err());
            // The name may make it wait longer than its address did.
            let again = by.attempt(&login_throttle, later + seconds * SECOND).map(|attempt| attempt.settle(Outcome::Untried));
            if let Err(TooMany { seconds: more, limit }) = again {
                prop_assert_eq!(limit, Limit::Account);
                prop_assert!(by.attempt(&login_throttle, later + (seconds + more) * SECOND).is_ok());
            }
        }
    }
}
