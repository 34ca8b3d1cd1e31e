//! The failures in users' records, over random histories of one or two issuers.

use proptest::prelude::*;

use super::*;

/// A step of a random history of issuers with one record.
#[derive(Clone, Debug)]
enum Step {
    /// An attempt begins, on an unknown device or on the owner's.
    Begin { issuer: usize, is_known: bool },
    /// A running attempt ends.
    Settle { issuer: usize, at: usize, how: How },
    /// An issuer's synchronization reads the record.
    Read(usize),
    /// It writes what follows from the last read, unless another issuer wrote since.
    Write(usize),
    /// The store fails, with or without the write.
    Break { issuer: usize, is_written: bool },
}

#[derive(Clone, Copy, Debug)]
enum How {
    Success,
    Failure,
    HangUp,
    Withdrawal,
}

fn steps(issuers: usize, may_succeed: bool) -> impl Strategy<Value = Vec<Step>> {
    let how = move |number: u8| match number {
        0 | 1 if may_succeed => How::Success,
        2 => How::HangUp,
        3 => How::Withdrawal,
        _ => How::Failure,
    };
    let issuer = 0..issuers;
    let step = prop_oneof![
        6 => (issuer.clone(), prop::bool::weighted(0.1)).prop_map(|(issuer, is_known)| Step::Begin { issuer, is_known }),
        6 => (issuer.clone(), 0..5_usize, (0..7_u8).prop_map(how)).prop_map(|(issuer, at, how)| Step::Settle { issuer, at, how }),
        4 => issuer.clone().prop_map(Step::Read),
        4 => issuer.clone().prop_map(Step::Write),
        1 => (issuer, any::<bool>()).prop_map(|(issuer, is_written)| Step::Break { issuer, is_written }),
    ];
    prop::collection::vec(step, 1..120)
}

/// An issuer in a history.
struct Issuer {
    login_throttle: LoginThrottle,
    /// Running attempts, and the failures in the record when each began.
    running: Vec<(Attempt, Failures)>,
    sync: Option<FailureSync>,
    /// The failures that were read, and those to write instead.
    writing: Option<(Failures, Failures)>,
}

struct World {
    issuers: Vec<Issuer>,
    recorded: Failures,
    now: u64,
}

impl World {
    fn new(issuers: usize) -> Self {
        let issuer = || Issuer { login_throttle: new(), running: Vec::new(), sync: None, writing: None };
        Self { issuers: (0..issuers).map(|_| issuer()).collect(), recorded: Failures::default(), now: 0 }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Begin { issuer, is_known } => self.begin(issuer, is_known),
            Step::Settle { issuer, at, how } => self.settle(issuer, at, how),
            Step::Read(issuer) => self.read(issuer),
            Step::Write(issuer) => self.write(issuer),
            Step::Break { issuer, is_written } => {
                if is_written {
                    self.write(issuer);
                }
                self.issuers[issuer].sync = None;
                self.issuers[issuer].writing = None;
            }
        }
    }

    fn begin(&mut self, issuer: usize, is_known: bool) {
        // No attempt is delayed by another.
        self.now += DAY;
        let Issuer { login_throttle, running, .. } = &mut self.issuers[issuer];
        let device = is_known.then_some(OWNER);
        let by = Client { device, recorded: self.recorded, ..unknown("owner", 1) };
        running.extend(by.attempt(login_throttle, self.now).map(|attempt| (attempt, self.recorded)));
    }

    fn settle(&mut self, issuer: usize, at: usize, how: How) {
        let Issuer { login_throttle, running, sync, .. } = &mut self.issuers[issuer];
        if at >= running.len() {
            return;
        }
        let (attempt, recorded) = running.remove(at);
        match how {
            // At the limit a right password counts as a wrong one.
            How::Success if !attempt.is_void() => attempt.settle(Outcome::Succeeded),
            How::Success | How::Failure => attempt.settle(Outcome::Failed),
            How::HangUp => return drop(attempt),
            How::Withdrawal => return attempt.settle(Outcome::Untried),
        }
        let begun = login_throttle.counts.sync(owner().account(login_throttle), Some(recorded));
        assert!(begun.is_none() || sync.is_none(), "two at once");
        *sync = sync.take().or(begun);
    }

    fn read(&mut self, issuer: usize) {
        let Issuer { sync, writing, .. } = &mut self.issuers[issuer];
        let Some(running) = sync else { return };
        *writing = running.next_write(Some(self.recorded)).map(|target| (self.recorded, target));
        if writing.is_none() {
            *sync = None;
        }
    }

    fn write(&mut self, issuer: usize) {
        let Issuer { sync, writing, .. } = &mut self.issuers[issuer];
        let (Some(sync), Some((read, target))) = (sync, writing.take()) else { return };
        if read == self.recorded {
            self.recorded = target;
            sync.written();
        }
    }

    /// All issuers write until all are synchronized.
    fn settle_down(&mut self) {
        for _ in 0..1000 {
            for issuer in 0..self.issuers.len() {
                self.read(issuer);
                self.write(issuer);
            }
            if self.issuers.iter().all(|issuer| issuer.sync.is_none()) {
                return;
            }
        }
        panic!("the synchronizations never end");
    }

    fn due(&self, issuer: usize) -> Failures {
        let login_throttle = &self.issuers[issuer].login_throttle;
        login_throttle.counts.due(owner().account(login_throttle)).unwrap_or_default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// In any order of steps and failures of the store: after one more attempt the record holds the count.
    #[test]
    fn the_record_of_one_issuer_holds_its_count(steps in steps(1, true), succeeds in any::<bool>()) {
        let mut world = World::new(1);
        for step in &steps {
            world.step(step);
        }
        let running = world.issuers[0].running.len();
        world.begin(0, false);
        world.settle(0, running, if succeeds { How::Success } else { How::Failure });
        world.settle_down();
        prop_assert_eq!(world.recorded, world.due(0));
        prop_assert!(world.issuers[0].login_throttle.counts.lock().syncing.is_empty());
    }

    /// Without successes the record holds the highest count of all issuers: no issuer reduces another's count.
    #[test]
    fn the_record_of_several_issuers_holds_the_highest_count(steps in steps(2, false)) {
        let mut world = World::new(2);
        for step in steps.iter().filter(|step| !matches!(step, Step::Break { .. })) {
            world.step(step);
        }
        world.settle_down();
        let one = world.due(0);
        let other = world.due(1);
        let highest = Failures { unknown: one.unknown.max(other.unknown), known: one.known.max(other.known) };
        prop_assert_eq!(world.recorded, highest);
    }
}
