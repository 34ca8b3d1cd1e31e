//! The failures in users' records, case by case.

use super::*;
use crate::login_throttle::{Account, Attempt, LoginThrottle, Outcome, tests::*};

mod histories;

fn failures(unknown: u16) -> Failures {
    Failures { unknown, known: 0 }
}

/// A user's record, and an issuer that counts its failures.
struct Case {
    login_throttle: LoginThrottle,
    recorded: Failures,
    /// Late enough that no attempt is delayed by another.
    now: u64,
}

impl Case {
    fn new(unknown: u16) -> Self {
        Self { login_throttle: new(), recorded: failures(unknown), now: 0 }
    }

    fn account(&self) -> Account {
        owner().account(&self.login_throttle)
    }

    fn begin(&mut self) -> Attempt {
        self.now += DAY;
        Client { recorded: self.recorded, ..unknown("owner", 1) }.attempt(&self.login_throttle, self.now).unwrap()
    }

    fn sync(&self) -> Option<FailureSync> {
        self.login_throttle.counts.sync(self.account(), Some(self.recorded))
    }

    /// Writes until the record is synchronized.
    fn finish(&mut self, mut sync: FailureSync) -> u16 {
        while let Some(target) = sync.next_write(Some(self.recorded)) {
            self.recorded = target;
            sync.written();
        }
        self.recorded.unknown
    }

    fn settle(&mut self) -> u16 {
        if let Some(sync) = self.sync() {
            self.finish(sync);
        }
        self.recorded.unknown
    }
}

#[test]
fn successful_sign_ins_at_once_need_no_write_and_an_abandoned_attempt_changes_nothing() {
    let mut case = Case::new(0);
    let running: Vec<_> = (0..4).map(|_| case.begin()).collect();
    for attempt in running {
        attempt.settle(Outcome::Succeeded);
        assert!(case.sync().is_none());
    }
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
    let first = case.begin();
    let second = case.begin();
    first.settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 0);
    drop(second);
    assert!(case.sync().is_none());
}

#[test]
fn a_success_reverts_a_running_write_and_an_account_has_one_synchronization() {
    let mut case = Case::new(0);
    case.begin().settle(Outcome::Failed);
    let mut sync = case.sync().unwrap();
    assert_eq!(sync.next_write(Some(failures(0))), Some(failures(4)));
    case.begin().settle(Outcome::Succeeded);
    assert!(case.sync().is_none(), "one is running");
    case.recorded = failures(4);
    sync.written();
    assert_eq!(case.finish(sync), 0);
}

#[test]
fn a_failure_that_read_the_record_before_a_success_was_written_is_written() {
    let mut case = Case::new(0);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
    let first = case.begin();
    let second = case.begin();
    first.settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 0);
    second.settle(Outcome::Failed);
    assert!(case.login_throttle.counts.sync(case.account(), Some(failures(4))).is_some());
}

#[test]
fn a_success_whose_write_failed_is_written_after_the_next_attempt() {
    let mut case = Case::new(4);
    case.begin().settle(Outcome::Succeeded);
    let mut sync = case.sync().unwrap();
    assert_eq!(sync.next_write(Some(failures(20))), Some(failures(0)), "other issuers counted, too");
    case.recorded = failures(20);
    drop(sync);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
}

#[test]
fn failures_at_other_issuers_stay_until_a_success_and_a_known_device_forgives_ten() {
    let mut case = Case::new(0);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
    case.recorded = failures(40);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 40);
    Client { recorded: failures(40), ..owner() }.attempt(&case.login_throttle, 0).unwrap().settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 30);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 30);
    case.begin().settle(Outcome::Succeeded);
    let mut sync = case.sync().unwrap();
    assert_eq!(sync.next_write(Some(failures(30))), Some(failures(0)));
    // Another issuer wrote first, and again after this write.
    assert_eq!(sync.next_write(Some(failures(40))), Some(failures(0)));
    sync.written();
    assert_eq!(sync.next_write(Some(failures(10))), None);
}

#[test]
fn writes_of_other_issuers_count_although_nothing_is_counted_here() {
    let mut case = Case::new(0);
    case.begin().settle(Outcome::Succeeded);
    assert_eq!(case.settle(), 0);
    // The success came before these failures.
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
    // A success there counts here, but a failure here stays.
    case.recorded = failures(0);
    case.begin().settle(Outcome::Failed);
    assert_eq!(case.settle(), 4);
}

#[test]
fn a_name_without_a_user_is_synchronized_like_a_user_and_a_failed_write_is_repeated() {
    for has_record in [true, false] {
        let mut case = Case::new(0);
        let mut recorded = has_record.then_some(Failures::default());
        let mut writes = Vec::new();
        for failure in 1..=12_u32 {
            case.begin().settle(Outcome::Failed);
            let Some(mut sync) = case.login_throttle.counts.sync(case.account(), recorded) else { continue };
            while let Some(target) = sync.next_write(recorded) {
                writes.push((failure, target.unknown));
                if [5, 11].contains(&failure) {
                    break;
                }
                recorded = recorded.map(|_| target);
                sync.written();
            }
        }
        assert_eq!(writes, [(1, 4), (5, 10), (6, 10), (11, 20), (12, 20)], "{has_record}");
    }
}
