//! The rules of the delays, case by case.

use super::*;

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1000)
}

/// The delays after each failure, in seconds.
fn delays(rule: Rule) -> Vec<u64> {
    (1..=100).map(|failures| rule.delay(failures) / 1000).collect()
}

#[test]
fn delays_grow_from_a_second_to_a_quarter_of_an_hour() {
    let name = [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
    assert_eq!(delays(NAME)[..16], name);
    assert_eq!(delays(STREAK)[8..12], [0, 1, 2, 4]);
    assert_eq!(delays(ADDRESS)[58..70], [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    assert_eq!(NAME.delay(u16::MAX), 900_000);
}

#[test]
fn an_untried_attempt_causes_no_delay() {
    let mut streak = Streak { failures: 9, ..Streak::default() };
    let delay = streak.admit(at(0));
    assert_eq!(streak.verdict(at(0)), Verdict::Wait(1000));
    streak.withdraw(delay);
    assert_eq!((streak.failures, streak.running, streak.verdict(at(0))), (9, 0, Verdict::Admitted));
    let delay = streak.admit(at(100));
    streak.abandon(at(100), delay);
    assert_eq!((streak.failures, streak.running, streak.verdict(at(100))), (9, 0, Verdict::Admitted));
    // An attempt that came since keeps its delay.
    let delay = streak.admit(at(200));
    streak.admit(at(201));
    streak.withdraw(delay);
    assert_eq!((streak.failures, streak.verdict(at(201))), (10, Verdict::Wait(2000)));
    let mut debt = Debt::default();
    for _ in 0..59 {
        debt.charge(ADDRESS, at(0));
    }
    let delay = debt.charge(ADDRESS, at(0));
    assert!(delay.begins(at(0)));
    assert_eq!(debt.verdict(at(0)), Verdict::Wait(1000));
    debt.refund(ADDRESS, at(0), delay);
    assert_eq!((debt.failures(ADDRESS, at(0)), debt.verdict(at(0))), (59, Verdict::Admitted));
}

#[test]
fn an_attempt_whose_time_was_read_before_that_of_an_admitted_one_is_admitted() {
    let mut debt = Debt::default();
    debt.charge(NAME, at(100));
    assert_eq!(debt.verdict(at(99)), Verdict::Admitted);
    let delay = debt.charge(NAME, at(99));
    debt.charge(NAME, at(101));
    debt.refund(NAME, at(99), delay);
    assert_eq!(debt.verdict(at(98)), Verdict::Admitted);
    let mut streak = Streak::default();
    streak.admit(at(100));
    assert_eq!(streak.verdict(at(99)), Verdict::Admitted);
    let delay = streak.admit(at(100));
    streak.abandon(at(100), delay);
    assert_eq!(streak.verdict(at(99)), Verdict::Admitted);
}

#[test]
fn time_forgives_one_failure_a_minute_at_an_address_and_one_a_quarter_of_an_hour_at_a_name() {
    for (rule, minutes) in [(ADDRESS, 1_u64), (NAME, 15)] {
        let mut debt = Debt::default();
        for _ in 0..50 {
            debt.charge(rule, at(0));
        }
        let at = |seconds| at(minutes * seconds);
        let left = [0, 59, 60, 61, 49 * 60, 50 * 60].map(|time| debt.failures(rule, at(time)));
        assert_eq!(left, [50, 50, 49, 49, 1, 0]);
        debt.charge(rule, at(4000));
        assert_eq!(debt.failures(rule, at(4000)), 1);
    }
}

#[test]
fn a_success_ends_a_streak_except_its_running_attempts() {
    let mut streak = Streak::default();
    streak.admit(at(0));
    streak.admit(at(0));
    streak.succeed();
    assert_eq!((streak.failures, streak.running), (1, 1));
}
