//! Which worker gets which job.

use super::*;

#[test]
fn spare_jobs_are_bounded_and_run_when_both_lanes_are_empty() {
    let mut queue = queue();
    for name in 0..32 {
        assert_eq!(queue.admit_spare(job(name)), Ok(()));
    }
    assert_eq!(queue.admit_spare(job(32)), Err(job(32)));
    assert_eq!(queue.expected_wait(millis(0), Lane::Unknown), millis(0));
    queue.admit(millis(0), Lane::Unknown, job(99)).unwrap();
    assert_eq!(queue.next(millis(0), 0), Next::Run(job(99)));
    queue.done(millis(0), 0);
    assert_eq!(queue.next(millis(0), 0), Next::Nothing);
    assert_eq!(queue.next_spare(millis(0), 0), Next::Run(job(0)));
}

#[test]
fn a_worker_continues_with_its_next_job() {
    let mut queue = queue();
    for name in 0..3 {
        queue.admit(millis(0), Lane::Unknown, job(name)).unwrap();
    }
    assert_eq!(queue.next(millis(5), 0), Next::Run(job(0)));
    assert_eq!(queue.next(millis(6), 0), Next::Run(job(1)));
    assert_eq!((queue.load(0), queue.length(Lane::Unknown), queue.next_worker(millis(6))), (2, 1, None));
    // 19 ms of the first, and the other two.
    assert_eq!(queue.expected_wait(millis(6), Lane::Unknown), millis(59));
    assert_eq!(queue.done(millis(25), 0), Some(millis(5)));
    assert_eq!(queue.expected_wait(millis(35), Lane::Unknown), millis(30));
    assert_eq!(queue.done(millis(45), 0), Some(millis(25)));
    assert_eq!((queue.load(0), queue.next_worker(millis(45))), (0, Some(0)));
}

#[test]
fn the_worker_that_is_free_first_gets_the_next_job() {
    let mut queue = Queue::new(3, millis(400), millis(20));
    for name in 0..2 {
        queue.admit(millis(0), Lane::Unknown, TestJob { hashes: 2 - name, ..job(name) }).unwrap();
        queue.next(millis(0), name as usize);
    }
    assert_eq!(queue.next_worker(millis(1)), Some(2));
    queue.admit(millis(1), Lane::Unknown, job(2)).unwrap();
    queue.next(millis(1), 2);
    assert_eq!(queue.next_worker(millis(2)), Some(1));
}

#[test]
fn a_free_worker_takes_over_the_next_job_of_a_busy_one() {
    let mut queue = Queue::new(2, millis(400), millis(20));
    for name in 0..4 {
        queue.admit(millis(name), Lane::Known, job(u32::try_from(name).unwrap())).unwrap();
    }
    for worker in [0, 1, 0] {
        assert!(matches!(queue.next(millis(5), worker), Next::Run(..)));
    }
    assert!(!queue.should_reclaim(millis(5), 0));
    queue.done(millis(20), 1);
    assert!(queue.should_reclaim(millis(20), 0));
    queue.put_back(0, job(2));
    // It returns to its position, before the job that came after it.
    assert_eq!((queue.load(0), queue.length(Lane::Known)), (1, 2));
    assert_eq!(queue.next(millis(20), 1), Next::Run(job(2)));
    assert_eq!(queue.done(millis(40), 1), Some(millis(18)));
}

#[test]
fn no_job_waits_behind_an_overdue_one() {
    let mut queue = Queue::new(2, millis(400), millis(20));
    for name in 0..4 {
        queue.admit(millis(0), Lane::Known, job(name)).unwrap();
    }
    for worker in [0, 1, 0, 1] {
        queue.next(millis(0), worker);
    }
    assert!(!queue.should_reclaim(millis(40), 0));
    assert!(queue.should_reclaim(millis(41), 0));
    queue.put_back(0, job(2));
    queue.done(millis(41), 1);
    assert_eq!(queue.next_worker(millis(41)), Some(1), "the overdue worker gets no next job");
}

#[test]
fn a_worker_gets_no_next_job_that_would_leave_no_room_for_the_next_arrival() {
    for lane in [Lane::Unknown, Lane::Known] {
        // A hash takes 120 ms of the 300 ms that are admitted.
        let mut queue = Queue::new(1, millis(400), millis(120));
        for name in 0..2 {
            queue.admit(millis(0), lane, job(name)).unwrap();
        }
        assert_eq!(queue.next(millis(0), 0), Next::Run(job(0)));
        assert_eq!(queue.next(millis(0), 0), Next::Nothing);
        assert_eq!(queue.admit(millis(0), Lane::Known, job(2)).is_ok(), lane == Lane::Unknown);
        queue.done(millis(120), 0);
        assert_eq!(queue.next(millis(120), 0), Next::Run(job(if lane == Lane::Unknown { 2 } else { 1 })));
    }
}

#[test]
fn a_job_is_not_assigned_to_a_worker_that_would_begin_it_too_late() {
    let mut queue = queue();
    queue.admit(millis(0), Lane::Unknown, TestJob { hashes: 10, ..job(0) }).unwrap();
    queue.admit(millis(0), Lane::Unknown, job(1)).unwrap();
    assert!(matches!(queue.next(millis(170), 0), Next::Run(..)));
    assert_eq!(queue.next(millis(170), 0), Next::Nothing);
    // The worker is free sooner than expected.
    queue.done(millis(300), 0);
    assert_eq!(queue.next(millis(300), 0), Next::Run(job(1)));
}

#[test]
fn a_spare_job_is_never_assigned_as_the_next_job() {
    let mut queue = queue();
    queue.admit_spare(job(7)).unwrap();
    queue.admit(millis(0), Lane::Unknown, job(0)).unwrap();
    assert_eq!(queue.next(millis(0), 0), Next::Run(job(0)));
    assert_eq!(queue.next_spare(millis(0), 0), Next::Nothing);
    queue.done(millis(20), 0);
    assert_eq!(queue.next_spare(millis(20), 0), Next::Run(job(7)));
}
