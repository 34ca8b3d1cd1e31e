//! How long jobs wait: estimates from the queued jobs, the assigned jobs, the recent arrivals and the mean time of a hash.

use std::{collections::VecDeque, time::Duration};

use super::{super::Lane, ADMITTED, Queue, QueuedJob};

impl<J: QueuedJob> Queue<J> {
    /// How long a job that comes now would wait: for the jobs before it in its lane, and for the other lane's jobs meanwhile. These
    /// are that lane's share, or fewer if fewer are queued and arrive there.
    pub(super) fn expected_wait(&self, now: Duration, lane: Lane) -> Duration {
        let own = self.hashes(lane);
        let of_other = self.hashes(lane.other());
        let share_of_other = self.share.of_other_lane_before(lane, own);
        if own + share_of_other.min(of_other) == 0 && self.assigned.iter().any(VecDeque::is_empty) {
            return Duration::ZERO;
        }
        let left: Duration = (0..self.assigned.len()).map(|worker| self.left(now, worker)).sum();
        let until_done = |hashes: u32| (left + self.hash_time * hashes) / self.workers();
        until_done(own + share_of_other).min(self.stretched(now, lane, until_done(own + of_other)))
    }

    /// How long a lane needs for what takes it `time` alone, if jobs keep arriving in the other lane at the recent rate.
    pub(super) fn stretched(&self, now: Duration, lane: Lane, time: Duration) -> Duration {
        let coming = self.arrivals[lane.other() as usize].within(now, self.deadline);
        let load = self.hash_time.div_duration_f64(self.deadline) * coming / f64::from(self.workers());
        // Without capacity left it never ends. A value that is no duration counts as the longest one.
        Duration::try_from_secs_f64(time.as_secs_f64() / (1.0 - load)).unwrap_or(Duration::MAX)
    }

    /// The hashes of the jobs in a lane.
    pub(super) fn hashes(&self, lane: Lane) -> u32 {
        self.lanes[lane as usize].iter().map(|queued| queued.job.hashes()).sum()
    }

    /// How long a worker still needs for its jobs.
    pub(super) fn left(&self, now: Duration, worker: usize) -> Duration {
        let assigned = self.assigned.get(worker).into_iter().flatten().enumerate();
        let left = assigned.map(|(position, assigned)| {
            let spent = if position == 0 { now.saturating_sub(assigned.since) } else { Duration::ZERO };
            (self.hash_time * assigned.hashes).saturating_sub(spent)
        });
        left.sum()
    }

    /// Whether a worker's current job takes more than twice the expected time.
    pub(super) fn is_overdue(&self, now: Duration, worker: usize) -> bool {
        let current = self.assigned.get(worker).and_then(VecDeque::front);
        current.is_some_and(|current| now.saturating_sub(current.since) > 2 * self.hash_time * current.hashes)
    }

    /// Whether a lane has room for a job now. Its size does not matter: a job with an imported hash would never find room in a flood
    /// of small ones, and the refusal would reveal that hash.
    pub(super) fn fits(&self, now: Duration, lane: Lane) -> bool {
        let wait = self.expected_wait(now, lane);
        // A job that need not wait runs even if a hash takes longer than the deadline.
        wait.is_zero() || wait + self.hash_time <= self.part_of_deadline(ADMITTED)
    }

    pub(super) fn part_of_deadline(&self, (part, whole): (u32, u32)) -> Duration {
        self.deadline * part / whole
    }

    pub(super) fn workers(&self) -> u32 {
        u32::try_from(self.assigned.len()).unwrap_or(u32::MAX).max(1)
    }
}
