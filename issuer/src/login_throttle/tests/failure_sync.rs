//! What users' records come to say, case by case and over random histories.

use proptest::prelude::*;

use super::*;

fn failures(unknown: u16) -> Failures {
    Failures { unknown, known: 0 }
}

/// A user's record, and an issuer that counts for it.
struct Case {
    login_throttle: Arc<LoginThrottle>,
    recorded: Failures,
    /// Late enough that no attempt has to wait for another.
    now: u64,
}

impl Case {
    fn new(unknown: u16) -> Self {
        Self { login_throttle: LoginThrottle::new([1; 32]), recorded: failures(unknown), now: 0 }
    }

    fn account(&self) -> Account {
        owner().account(&self.login_throttle)
    }

    fn begin(&mut self) -> Attempt {
        self.now += DAY;
        Guest { recorded: self.recorded, ..unknown("owner", 1) }.attempt(&self.login_throttle, self.now).unwrap()
    }

    fn note(&self) -> Option<FailureSync> {
        self.login_throttle.note(self.account(), Some(self.recorded))
    }

    /// Writes until the record may stay.
    fn finish(&mut self, mut note: FailureSync) -> u16 {
        while let Some(aim) = note.look(Some(self.recorded)) {
            self.recorded = aim;
            note.written();
        }
        self.recorded.unknown
    }

    fn settle(&mut self) -> u16 {
        if let Some(note) = self.note() {
            self.finish(note);
        }
        self.recorded.unknown
    }
}

#[test]
fn good_sign_ins_at_once_leave_nothing_and_a_hang_up_beside_one_keeps_nothing() {
    let mut case = Case::new(0);
    let under_way: Vec<_> = (0..4).map(|_| case.begin()).collect();
    for attempt in under_way {
        attempt.settle(Outcome::Succeeded);
        assert!(case.note().is_none());
    }
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
    let (first, second) = (case.begin(), case.begin());
    first.settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 0);
    drop(second);
    assert!(case.note().is_none());
}

#[test]
fn a_success_takes_back_what_is_being_written_and_only_one_writes() {
    let mut case = Case::new(0);
    case.begin().settle(Outcome::Failed);
    let mut note = case.note().unwrap();
    assert_eq!(note.look(Some(failures(0))), Some(failures(4)));
    case.begin().settle(Outcome::Succeeded);
    assert!(case.note().is_none(), "somebody is at it");
    case.recorded = failures(4);
    note.written();
    assert_eq!(case.finish(note), 0);
}

#[test]
fn a_failure_that_saw_the_record_before_a_success_wrote_it_is_noted() {
    let mut case = Case::new(0);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
    let (first, second) = (case.begin(), case.begin());
    first.settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 0);
    second.settle(Outcome::Failed);
    assert!(case.login_throttle.note(case.account(), Some(failures(4))).is_some());
}

#[test]
fn a_success_that_could_not_be_noted_is_noted_after_the_next_attempt_whatever_comes_of_it() {
    let mut case = Case::new(4);
    case.begin().settle(Outcome::Succeeded);
    let mut note = case.note().unwrap();
    assert_eq!(note.look(Some(failures(20))), Some(failures(0)), "others have counted, too");
    case.recorded = failures(20);
    drop(note);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
}

#[test]
fn what_other_issuers_count_stays_but_for_a_success_and_a_known_device_forgives_ten_of_it() {
    let mut case = Case::new(0);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
    case.recorded = failures(40);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 40);
    Guest { recorded: failures(40), ..owner() }.attempt(&case.login_throttle, 0).unwrap().settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 30);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 30);
    case.begin().settle(Outcome::Succeeded);
    let mut note = case.note().unwrap();
    assert_eq!(note.look(Some(failures(30))), Some(failures(0)));
    // Somebody else wrote first, and once more when that was written.
    assert_eq!(note.look(Some(failures(40))), Some(failures(0)));
    note.written();
    assert_eq!(note.look(Some(failures(10))), None);
}

#[test]
fn what_other_issuers_have_written_is_seen_though_nothing_is_counted_here() {
    let mut case = Case::new(0);
    case.begin().settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 0);
    // The success was before these.
    case.recorded = failures(20);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 20);
    case.begin().settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 0);
    case.recorded = failures(20);
    case.begin().settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 0);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
    // A success there is one for all, but what fails here goes on.
    case.recorded = failures(0);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
}

#[test]
fn a_name_that_no_user_has_is_noted_as_a_user_is_and_what_could_not_be_written_again() {
    for has_record in [true, false] {
        let mut case = Case::new(0);
        let mut recorded = has_record.then_some(Failures::default());
        let mut writes = Vec::new();
        for failure in 1..=12_u32 {
            case.begin().settle(Outcome::Failed);
            let Some(mut note) = case.login_throttle.note(case.account(), recorded) else { continue };
            while let Some(aim) = note.look(recorded) {
                writes.push((failure, aim.unknown));
                if [5, 11].contains(&failure) {
                    break;
                }
                recorded = recorded.map(|_| aim);
                note.written();
            }
        }
        assert_eq!(writes, [(1, 4), (5, 10), (6, 10), (11, 20), (12, 20)], "{has_record}");
    }
}

/// What happens in a random history of two issuers over one record.
#[derive(Clone, Debug)]
enum Step {
    /// An attempt begins, by a stranger or on the owner's device.
    Begin {
        issuer: usize,
        is_known: bool,
    },
    /// One that is under way ends.
    Settle {
        issuer: usize,
        at: usize,
        how: How,
    },
    /// Whoever writes the record reads it, or has what was read last written, if nobody else has meanwhile.
    Read(usize),
    Write(usize),
    /// The store fails, and nobody knows whether it has written.
    Break {
        issuer: usize,
        is_written: bool,
    },
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
    login_throttle: Arc<LoginThrottle>,
    /// Attempts under way, and what the record said when each began.
    under_way: Vec<(Attempt, Failures)>,
    note: Option<FailureSync>,
    /// What was read, and is to be written instead.
    writing: Option<(Failures, Failures)>,
}

struct World {
    issuers: Vec<Issuer>,
    recorded: Failures,
    now: u64,
}

impl World {
    fn new(issuers: usize) -> Self {
        let issuer =
            || Issuer { login_throttle: LoginThrottle::new([1; 32]), under_way: Vec::new(), note: None, writing: None };
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
                (self.issuers[issuer].note, self.issuers[issuer].writing) = (None, None);
            }
        }
    }

    fn begin(&mut self, issuer: usize, is_known: bool) {
        // No attempt has to wait for another.
        self.now += DAY;
        let Issuer { login_throttle, under_way, .. } = &mut self.issuers[issuer];
        let device = is_known.then_some(OWNER);
        let by = Guest { device, recorded: self.recorded, ..unknown("owner", 1) };
        under_way.extend(by.attempt(login_throttle, self.now).map(|attempt| (attempt, self.recorded)));
    }

    fn settle(&mut self, issuer: usize, at: usize, how: How) {
        let Issuer { login_throttle, under_way, note, .. } = &mut self.issuers[issuer];
        if at >= under_way.len() {
            return;
        }
        let (attempt, recorded) = under_way.remove(at);
        match how {
            // A right password beyond the last failure is a wrong one.
            How::Success if !attempt.is_void() => attempt.settle(Outcome::Succeeded),
            How::Success | How::Failure => attempt.settle(Outcome::Failed),
            How::HangUp => return drop(attempt),
            How::Withdrawal => return attempt.settle(Outcome::Untried),
        }
        let begun = login_throttle.note(owner().account(login_throttle), Some(recorded));
        assert!(begun.is_none() || note.is_none(), "two at once");
        *note = note.take().or(begun);
    }

    fn read(&mut self, issuer: usize) {
        let Issuer { note, writing, .. } = &mut self.issuers[issuer];
        let Some(looking) = note else { return };
        *writing = looking.look(Some(self.recorded)).map(|aim| (self.recorded, aim));
        if writing.is_none() {
            *note = None;
        }
    }

    fn write(&mut self, issuer: usize) {
        let Issuer { note, writing, .. } = &mut self.issuers[issuer];
        let (Some(note), Some((read, aim))) = (note, writing.take()) else { return };
        if read == self.recorded {
            self.recorded = aim;
            note.written();
        }
    }

    /// Everybody writes until nobody has to.
    fn settle_down(&mut self) {
        for _ in 0..1000 {
            for issuer in 0..self.issuers.len() {
                self.read(issuer);
                self.write(issuer);
            }
            if self.issuers.iter().all(|issuer| issuer.note.is_none()) {
                return;
            }
        }
        panic!("they never come to an end");
    }

    fn due(&self, issuer: usize) -> Failures {
        let login_throttle = &self.issuers[issuer].login_throttle;
        login_throttle.due(owner().account(login_throttle)).unwrap_or_default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever overtakes what, and however often the store has failed: after one more attempt the record says what is counted.
    #[test]
    fn the_record_of_one_issuer_says_what_it_counts(steps in steps(1, true), succeeds in any::<bool>()) {
        let mut world = World::new(1);
        for step in &steps {
            world.step(step);
        }
        let under_way = world.issuers[0].under_way.len();
        world.begin(0, false);
        world.settle(0, under_way, if succeeds { How::Success } else { How::Failure });
        world.settle_down();
        prop_assert_eq!(world.recorded, world.due(0));
        prop_assert!(world.issuers[0].login_throttle.lock().noting.is_empty());
    }

    /// Where nobody succeeds, the record says the highest count of all issuers: none lowers what another one counted.
    #[test]
    fn the_record_of_several_issuers_says_the_highest_count(steps in steps(2, false)) {
        let mut world = World::new(2);
        for step in steps.iter().filter(|step| !matches!(step, Step::Break { .. })) {
            world.step(step);
        }
        world.settle_down();
        let (one, other) = (world.due(0), world.due(1));
        let highest = Failures { unknown: one.unknown.max(other.unknown), known: one.known.max(other.known) };
        prop_assert_eq!(world.recorded, highest);
    }
}
