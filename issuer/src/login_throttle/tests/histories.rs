//! The promises of the limits, over random histories.

use proptest::prelude::*;

use super::{
    super::tally::{MAX_KNOWN, MAX_UNKNOWN},
    *,
};

/// A step of a random history.
#[derive(Clone, Debug)]
enum Step {
    /// An unknown device begins an attempt, from one of a few addresses.
    Begin(u32),
    /// The oldest running attempt fails, or its client closes the connection.
    Fail,
    HangUp,
    /// The issuer does not try it: 503.
    Withdraw,
    /// One of the owner's devices is used, with the right password or a wrong one.
    Owner(u8, bool),
    Wait(u64),
    /// A number of unknown devices fail, each with its own address and name.
    Flood(u32),
    /// The issuer restarts: running attempts are abandoned.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        60 => (2..6_u32).prop_map(Step::Begin),
        60 => Just(Step::Fail),
        4 => Just(Step::HangUp),
        4 => Just(Step::Withdraw),
        20 => (0..60_u8, prop::bool::weighted(0.05)).prop_map(|(device, is_right)| Step::Owner(device, is_right)),
        60 => (1..2_000_000_u64).prop_map(Step::Wait),
        8 => (1..60_u32).prop_map(Step::Flood),
        2 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..2000)
}

/// The state of a history, with an independent count of the failures that were compared.
struct World {
    login_throttle: LoginThrottle,
    now: u64,
    /// The failures in the user's record, which are synchronized after each step.
    recorded: Failures,
    running: Vec<Attempt>,
    unknown: u16,
    known: u16,
}

impl World {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Begin(address) => {
                let by = Client { recorded: self.recorded, ..unknown("owner", address) };
                self.running.extend(by.attempt(&self.login_throttle, self.now));
            }
            Step::Fail if !self.running.is_empty() => {
                let attempt = self.running.remove(0);
                self.unknown += u16::from(!attempt.is_void());
                attempt.settle(Outcome::Failed);
            }
            Step::HangUp if !self.running.is_empty() => drop(self.running.remove(0)),
            Step::Withdraw if !self.running.is_empty() => self.running.remove(0).settle(Outcome::Untried),
            Step::Owner(device, is_right) => self.owner(device, is_right),
            Step::Wait(millis) => self.now += millis,
            Step::Flood(names) => {
                for name in 0..names {
                    unknown(&format!("user{name}"), 1000 + name).fails(&self.login_throttle, self.now);
                }
            }
            Step::Restart => {
                self.running.clear();
                self.login_throttle = small();
            }
            Step::Fail | Step::HangUp | Step::Withdraw => {}
        }
        let sync = self.login_throttle.counts.sync(owner().account(&self.login_throttle), Some(self.recorded));
        if let Some(mut sync) = sync {
            while let Some(target) = sync.next_write(Some(self.recorded)) {
                self.recorded = target;
                sync.written();
            }
        }
    }

    fn owner(&mut self, device: u8, is_right: bool) {
        let account = owner().account(&self.login_throttle);
        let is_exhausted = self.login_throttle.counts.has_exhausted_devices(account, self.recorded, at(self.now));
        let device = (!is_exhausted).then_some(DeviceId([device; 16]));
        let Ok(attempt) =
            (Client { device, recorded: self.recorded, ..owner() }).attempt(&self.login_throttle, self.now)
        else {
            return;
        };
        let is_known = attempt.is_known();
        let is_void = attempt.is_void();
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

    /// With any order, restarts and floods: at most a hundred guesses in a row are compared, those of unknown devices and of sixty
    /// known devices together, and ten more of either for each sign-in of the owner.
    #[test]
    fn no_history_gives_more_than_a_hundred_guesses_in_a_row(steps in steps()) {
        let login_throttle = small();
        let recorded = Failures::default();
        let mut world = World { login_throttle, now: 0, recorded, running: Vec::new(), unknown: 0, known: 0 };
        for step in steps {
            world.step(&step);
            prop_assert!(world.unknown <= MAX_UNKNOWN, "{} in a row", world.unknown);
            prop_assert!(world.known <= MAX_KNOWN, "{} in a row on known devices", world.known);
        }
    }

    /// A client that retries after `Retry-After` is admitted, and is refused a second earlier.
    #[test]
    fn retry_after_is_true(failures in 0..100_u32, names in 0..70_u32, later in 0..3_000_u64) {
        let login_throttle = new();
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
            // The name may delay it longer than its address.
            let again = by.attempt(&login_throttle, later + seconds * SECOND).map(|attempt| attempt.settle(Outcome::Untried));
            if let Err(TooMany { seconds: more, limit }) = again {
                prop_assert_eq!(limit, Limit::Account);
                prop_assert!(by.attempt(&login_throttle, later + (seconds + more) * SECOND).is_ok());
            }
        }
    }
}
