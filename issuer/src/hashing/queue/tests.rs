//! The decisions of the queue. The test passes the time.

use super::*;

mod admission;
mod assignment;
mod lanes;

/// A job with a name and its number of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TestJob {
    name: u32,
    hashes: u32,
    is_canceled: bool,
}

impl QueuedJob for TestJob {
    fn hashes(&self) -> u32 {
        self.hashes
    }

    fn is_canceled(&self) -> bool {
        self.is_canceled
    }
}

fn job(name: u32) -> TestJob {
    TestJob { name, hashes: 1, is_canceled: false }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// One worker with 20 ms for a hash, and a deadline of 400 ms, of which 300 ms are admitted.
fn queue() -> Queue<TestJob> {
    Queue::new(1, millis(400), millis(20))
}

/// Adds jobs to a lane until one is refused. Returns their number and the refusal.
fn fill(queue: &mut Queue<TestJob>, now: Duration, lane: Lane) -> (u32, Refused) {
    for name in 0.. {
        if let Err((_, refused)) = queue.admit(now, lane, job(name)) {
            return (name, refused);
        }
    }
    unreachable!()
}

#[test]
fn the_mean_time_follows_the_measurements() {
    let mut queue = queue();
    for _ in 0..100 {
        queue.measured(millis(100));
    }
    assert!(queue.hash_time > millis(99) && queue.hash_time <= millis(100), "{:?}", queue.hash_time);
}
