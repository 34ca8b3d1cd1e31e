//! The rules of the failure counts, case by case.

use super::*;

#[test]
fn a_success_ends_a_count_except_its_running_attempts() {
    let mut tally = Tally::from_record(3, MAX_UNKNOWN);
    tally.admit();
    tally.admit();
    tally.withdraw();
    tally.end();
    assert_eq!(tally.failures, 1);
    tally.fail();
    assert_eq!((tally.failures, tally.running), (1, 0));
}

#[test]
fn each_alert_is_returned_once() {
    let mut tally = Tally::from_record(20, MAX_UNKNOWN);
    assert_eq!([tally.new_alert(), tally.new_alert()], [Some(AlertLevel::Delayed), None]);
    tally.failures = MAX_UNKNOWN;
    assert_eq!([tally.new_alert(), tally.new_alert()], [Some(AlertLevel::Exhausted), None]);
    tally.forgive(MAX_UNKNOWN);
    assert_eq!((tally.failures, tally.new_alert()), (50, None));
    tally.failures = MAX_UNKNOWN;
    assert_eq!([tally.new_alert(), tally.new_alert()], [Some(AlertLevel::Exhausted), None]);
    tally.end();
    assert_eq!((tally.failures, tally.new_alert()), (0, None));
}

#[test]
fn the_record_is_ahead_of_the_count() {
    let counts = [0, 1, 4, 5, 10, 11, 50, 51, 60];
    assert_eq!(
        counts.map(|count| Tally::from_record(count, MAX_UNKNOWN).due(MAX_UNKNOWN)),
        [0, 4, 4, 10, 10, 20, 50, 51, 60]
    );
}

#[test]
fn running_attempts_are_not_in_the_record() {
    let mut tally = Tally::default();
    (0..3).for_each(|_| tally.admit());
    assert_eq!(tally.due(MAX_UNKNOWN), 0);
    tally.fail();
    assert_eq!(tally.due(MAX_UNKNOWN), 4);
    tally.withdraw();
    tally.withdraw();
    assert_eq!((tally.failures, tally.due(MAX_UNKNOWN)), (1, 4));
    tally.admit();
    tally.end();
    assert_eq!((tally.failures, tally.due(MAX_UNKNOWN)), (1, 0));
    // In a restored count the attempt that restored it still runs.
    let back = Tally::restored(tally);
    assert_eq!((back.failures, back.due(MAX_UNKNOWN)), (1, 0));
}
