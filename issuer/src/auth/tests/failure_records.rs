//! Failed attempts in users' records.

use super::*;
use crate::user::Failures;

#[tokio::test]
async fn failures_survive_a_restart_and_end_with_a_success() {
    let fixture = Fixture::new().await;
    let epoch = fixture.user().await.credential_epoch;
    fixture.fail().await;
    assert_eq!(fixture.recorded_unknown().await, 4);
    let fixture = fixture.restarted().await;
    fixture.fail().await;
    assert_eq!(fixture.recorded_unknown().await, 10);
    let fixture = fixture.restarted().await;
    fixture.fail().await;
    assert_eq!(fixture.recorded_unknown().await, 20);
    fixture.login().await;
    assert_eq!(fixture.recorded_unknown().await, 0);
    assert_eq!(fixture.user().await.credential_epoch, epoch);
}

#[tokio::test]
async fn a_stop_waits_until_the_failures_of_answered_attempts_are_written() {
    let fixture = Fixture::new().await;
    for failures in 1..=5 {
        fixture.fail().await;
        fixture.auth.failures_saved().await;
        assert_eq!(fixture.user().await.failures.unknown, if failures < 5 { 4 } else { 10 });
    }
}

#[tokio::test]
async fn a_stop_that_stops_waiting_cancels_no_write() {
    let fixture = Fixture::new().await;
    let held = fixture.calls.hold_changes_of_users().await;
    fixture.fail().await;
    assert!(tokio::time::timeout(Duration::from_millis(50), fixture.auth.failures_saved()).await.is_err());
    drop(held);
    assert_eq!(fixture.recorded_unknown().await, 4);
}

#[tokio::test]
async fn a_name_without_a_user_causes_the_same_writes_as_a_user() {
    let fixture = Fixture::new().await;
    for name in ["exampleUser", "nobody"] {
        let mut writes_after = Vec::new();
        for failure in 1..=25 {
            // The longest delay.
            fixture.clock.advance(15 * 60);
            fixture.calls.take();
            fixture.login_with(name, "wrong").await.err().unwrap();
            fixture.auth.failures_saved().await;
            writes_after.extend((0..fixture.calls.take().1).map(|_| failure));
        }
        assert_eq!(writes_after, [1, 5, 11, 21], "{name}");
    }
}

#[tokio::test]
async fn concurrent_attempts_at_any_name_cause_one_write() {
    for at_once in 1..=4 {
        for name in ["exampleUser", "nobody"] {
            let fixture = Fixture::new().await;
            fixture.calls.take();
            let attempts = (0..at_once).map(|_| fixture.login_with(name, "wrong"));
            assert!(futures_util::future::join_all(attempts).await.iter().all(Result::is_err));
            fixture.auth.failures_saved().await;
            assert_eq!(fixture.calls.take().1, 1, "{at_once} at once at {name}");
        }
    }
}

#[tokio::test]
async fn successful_sign_ins_write_no_count_even_at_once() {
    let fixture = Fixture::new().await;
    for at_once in 1..=4 {
        fixture.calls.take();
        futures_util::future::join_all((0..at_once).map(|_| fixture.login())).await;
        assert_eq!(fixture.recorded_unknown().await, 0);
        // Only the sessions are written.
        assert_eq!(fixture.calls.take().1, at_once);
    }
}

#[tokio::test]
async fn a_success_reverts_a_running_write() {
    let fixture = Fixture::new().await;
    let held = fixture.calls.hold_changes_of_users().await;
    fixture.fail().await;
    fixture.login().await;
    drop(held);
    assert_eq!(fixture.recorded_unknown().await, 0);
}

#[tokio::test]
async fn a_failure_during_the_write_of_a_success_is_written_after_it() {
    let fixture = Fixture::new().await;
    fixture.fail().await;
    assert_eq!(fixture.recorded_unknown().await, 4);
    let held = fixture.calls.hold_changes_of_users().await;
    fixture.login().await;
    for _ in 0..4 {
        fixture.fail().await;
    }
    drop(held);
    assert_eq!(fixture.recorded_unknown().await, 4);
}

#[tokio::test]
async fn a_success_and_no_failure_reduces_another_issuer_s_count() {
    let fixture = Fixture::new().await;
    fixture.fail().await;
    fixture.put(|user| user.with_failures(Failures { unknown: 30, known: 0 })).await;
    for _ in 0..4 {
        fixture.fail().await;
        fixture.auth.failures_saved().await;
        assert_eq!(fixture.user().await.failures.unknown, 30);
    }
    fixture.clock.advance(1);
    fixture.login().await;
    assert_eq!(fixture.recorded_unknown().await, 0);
}
