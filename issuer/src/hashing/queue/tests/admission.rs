//! Which jobs are admitted, and when a refused client finds room.

use super::*;

#[test]
fn jobs_are_admitted_for_three_quarters_of_the_deadline() {
    let (admitted, refused) = fill(&mut queue(), millis(0), Lane::Unknown);
    assert_eq!(admitted, 15);
    assert_eq!(refused, Refused { retry_after: millis(300) });
}

#[test]
fn a_free_worker_means_no_wait_however_long_a_hash_takes() {
    let mut queue = Queue::new(2, millis(400), millis(1000));
    assert!(queue.admit(millis(0), Lane::Unknown, job(1)).is_ok());
    assert_eq!(queue.next(millis(0), 0), Next::Run(job(1)));
    assert!(queue.admit(millis(0), Lane::Unknown, job(2)).is_ok());
    assert_eq!(queue.next(millis(0), 1), Next::Run(job(2)));
    assert!(queue.admit(millis(0), Lane::Unknown, job(3)).is_err());
}

#[test]
fn a_job_that_need_not_wait_runs_although_a_hash_takes_longer_than_the_deadline() {
    let mut queue = Queue::new(1, millis(400), millis(20));
    // The process had hardly any CPU time for a while.
    for _ in 0..10 {
        queue.measured(millis(10_000));
    }
    let mut now = Duration::ZERO;
    for name in 0..200 {
        queue.admit(now, Lane::Unknown, job(name)).unwrap();
        // The dispatcher may run late.
        now += millis(10);
        assert_eq!(queue.next(now, 0), Next::Run(job(name)));
        now += millis(20);
        queue.done(now, 0);
        queue.measured(millis(20));
    }
    assert!(queue.hash_time < millis(21), "{:?}", queue.hash_time);
    // A job that arrived while the worker was busy, and waited too long, is refused.
    let mut queue = Queue::new(1, millis(400), millis(1000));
    queue.admit(millis(0), Lane::Unknown, job(1)).unwrap();
    assert_eq!(queue.next(millis(76), 0), Next::Late(job(1), Refused { retry_after: Duration::ZERO }));
}

#[test]
fn the_expected_wait_counts_the_rest_of_the_current_job() {
    let mut queue = queue();
    queue.admit(millis(0), Lane::Unknown, TestJob { hashes: 2, ..job(1) }).unwrap();
    queue.next(millis(0), 0);
    assert_eq!(queue.expected_wait(millis(0), Lane::Unknown), millis(40));
    assert_eq!(queue.expected_wait(millis(30), Lane::Unknown), millis(10));
    assert_eq!(queue.expected_wait(millis(90), Lane::Unknown), millis(0));
    queue.done(millis(90), 0);
    assert_eq!(queue.expected_wait(millis(90), Lane::Unknown), millis(0));
}

#[test]
fn each_refused_client_gets_its_own_slot_within_a_minute() {
    let mut queue = queue();
    let (_, first) = fill(&mut queue, millis(0), Lane::Unknown);
    let mut retries = vec![first.retry_after];
    for name in 0..5000 {
        retries.push(queue.admit(millis(0), Lane::Unknown, job(name)).unwrap_err().1.retry_after);
    }
    assert_eq!(retries[..4], [300, 320, 340, 360].map(millis));
    assert_eq!(retries.last(), Some(&MAX_RETRY_AFTER));
    assert!(retries.is_sorted());
}

#[test]
fn a_retry_is_never_before_the_expected_wait_and_old_slots_expire() {
    let mut queue = queue();
    fill(&mut queue, millis(0), Lane::Unknown);
    // The worker hung for ten seconds: only the expected wait counts.
    let refused = queue.admit(millis(10_000), Lane::Unknown, job(99)).unwrap_err().1;
    assert_eq!(refused.retry_after, millis(300));
}

#[test]
fn clients_that_retry_after_the_given_time_find_room() {
    let mut queue = Queue::new(1, Duration::from_secs(2), millis(20));
    let mut coming: Vec<(Duration, u32)> = (0..600).map(|name| (millis(0), name)).collect();
    let mut now = millis(0);
    let mut served = 0;
    let mut refusals = 0;
    let mut idle = 0;
    while served < 600 {
        coming.sort();
        while let Some(&(at, name)) = coming.first().filter(|(at, _)| *at <= now) {
            coming.remove(0);
            if let Err((_, refused)) = queue.admit(now, Lane::Unknown, job(name)) {
                refusals += 1;
                // `Retry-After` is in whole seconds.
                coming.push((at + Duration::from_secs(refused.retry_after.as_secs() + 1), name));
            }
        }
        match queue.next(now, 0) {
            Next::Run(..) => served += 1,
            Next::Nothing => idle += 1,
            late => panic!("{late:?}"),
        }
        now += millis(20);
        queue.done(now, 0);
    }
    // 75 find room at once, and nearly all of the other 525 at their retry. The worker is rarely idle.
    assert!((525..600).contains(&refusals), "{refusals}");
    assert!(idle < 60, "{idle}");
}

#[test]
fn a_job_past_its_deadline_is_refused_and_a_canceled_one_is_dropped() {
    let mut queue = queue();
    for name in 0..3 {
        queue.admit(millis(0), Lane::Unknown, TestJob { is_canceled: name == 0, ..job(name) }).unwrap();
    }
    assert!(matches!(queue.next(millis(355), 0), Next::Canceled(job) if job.name == 0));
    assert!(matches!(queue.next(millis(355), 0), Next::Run(..)));
    queue.done(millis(356), 0);
    assert!(matches!(queue.next(millis(356), 0), Next::Late(late, _) if late.name == 2));
    assert_eq!(queue.next(millis(356), 0), Next::Nothing);
}

#[test]
fn a_canceled_job_takes_no_room() {
    let mut queue = queue();
    for name in 0..15 {
        queue.admit(millis(0), Lane::Unknown, TestJob { is_canceled: name > 0, ..job(name) }).unwrap();
    }
    assert!(queue.admit(millis(0), Lane::Unknown, job(15)).is_err());
    queue.remove_canceled();
    assert!(queue.admit(millis(0), Lane::Unknown, job(15)).is_ok());
    assert_eq!(queue.length(Lane::Unknown), 2);
}
