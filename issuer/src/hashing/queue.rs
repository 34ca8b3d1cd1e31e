//! The queue's decisions: which job runs next, and which is refused. Pure: the caller passes the time, as the duration since the
//! start of the process.

use std::{collections::VecDeque, time::Duration};

use self::{arrivals::Arrivals, share::Share};
use super::Lane;

mod arrivals;
mod estimates;
mod share;

/// A job is admitted if its wait and a hash of our own fit into this part of the deadline. Now and then hashes take up to a
/// quarter longer, and an admitted client should not be refused after its wait.
const ADMITTED: (u32, u32) = (3, 4);

/// A hash must be done within this part of the deadline: after it the session is written to the disk.
const FOR_HASHING: (u32, u32) = (15, 16);

/// The jobs of a worker: the current one and the next.
const MAX_ASSIGNED: usize = 2;

/// A new measurement has one part in this many of the mean, which follows a change within a few dozen hashes.
const WEIGHT: u32 = 16;

/// The longest `Retry-After`. What happens later cannot be predicted.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(1);

/// Jobs without a waiting client. Each keeps a password in memory until it runs.
const MAX_SPARE: usize = 32;

/// A job as the queue sees it.
pub(super) trait QueuedJob {
    /// Its work, in hashes of our own.
    fn hashes(&self) -> u32;

    fn is_canceled(&self) -> bool;
}

/// The queued jobs and the assigned ones.
pub(super) struct Queue<J> {
    deadline: Duration,
    /// The queued jobs, by lane.
    lanes: [VecDeque<Queued<J>>; 2],
    share: Share,
    /// The recent admissions, by lane.
    arrivals: [Arrivals; 2],
    /// Jobs without a waiting client: they run when both lanes are empty.
    spare: VecDeque<J>,
    /// The current job of each worker, and its next one.
    assigned: Vec<VecDeque<Assigned>>,
    /// The mean time of a hash of our own; zero before the first.
    hash_time: Duration,
    /// When the next refused client will find room, by lane. Each refusal takes a slot, so that clients that retry after
    /// `Retry-After` do not all come at once.
    next_free: [Duration; 2],
}

struct Queued<J> {
    job: J,
    since: Duration,
}

/// A job that is assigned to a worker.
#[derive(Clone, Copy)]
struct Assigned {
    hashes: u32,
    /// The lane in which it was queued, and since when; `None` for a job without a waiting client.
    queued: Option<(Lane, Duration)>,
    /// When it began, or was assigned.
    since: Duration,
}

/// The lane is full. It may have room after `retry_after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) retry_after: Duration,
}

/// What becomes of the next job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<J> {
    /// The worker runs it after the jobs that it has.
    Run(J),
    /// It was canceled.
    Canceled(J),
    /// It is refused, because it would miss its deadline.
    Late(J, Refused),
    /// No job is assigned to this worker now.
    Nothing,
}

impl<J: QueuedJob> Queue<J> {
    pub(super) fn new(workers: usize, deadline: Duration, hash_time: Duration) -> Self {
        Self {
            deadline,
            lanes: [VecDeque::new(), VecDeque::new()],
            share: Share::default(),
            arrivals: [Arrivals::default(); 2],
            spare: VecDeque::new(),
            assigned: (0..workers).map(|_| VecDeque::new()).collect(),
            hash_time,
            next_free: [Duration::ZERO; 2],
        }
    }

    /// Refuses a job of one hash if it would not fit now.
    pub(super) fn check_room(&mut self, now: Duration, lane: Lane) -> Result<(), Refused> {
        if self.fits(now, lane) { Ok(()) } else { Err(self.refuse(now, lane, 1)) }
    }

    /// Adds a job to a lane, if it will run in time.
    pub(super) fn admit(&mut self, now: Duration, lane: Lane, job: J) -> Result<(), (J, Refused)> {
        if self.expected_wait(now, lane).is_zero() {
            // The queue is empty: refused clients find room now.
            self.next_free = [Duration::ZERO; 2];
        }
        if !self.fits(now, lane) {
            let refused = self.refuse(now, lane, job.hashes());
            return Err((job, refused));
        }
        self.arrivals[lane as usize].add(now, self.deadline, job.hashes());
        self.lanes[lane as usize].push_back(Queued { job, since: now });
        Ok(())
    }

    /// Adds a job without a waiting client, unless there are too many.
    pub(super) fn admit_spare(&mut self, job: J) -> Result<(), J> {
        if self.spare.len() < MAX_SPARE {
            self.spare.push_back(job);
            return Ok(());
        }
        Err(job)
    }

    /// The worker that will be free first, of those that can take a job.
    pub(super) fn next_worker(&self, now: Duration) -> Option<usize> {
        let can_take = |worker: &usize| match self.load(*worker) {
            0 => true,
            load => load < MAX_ASSIGNED && !self.is_overdue(now, *worker),
        };
        (0..self.assigned.len()).filter(can_take).min_by_key(|worker| (self.load(*worker), self.left(now, *worker)))
    }

    /// The next job for a worker. Known devices come first, within their share.
    pub(super) fn next(&mut self, now: Duration, worker: usize) -> Next<J> {
        let lane = match (self.length(Lane::Known), self.length(Lane::Unknown)) {
            (0, _) => Lane::Unknown,
            (_, 0) => Lane::Known,
            _ => self.share.next(),
        };
        let Some(Queued { job, since }) = self.lanes[lane as usize].pop_front() else { return Next::Nothing };
        if job.is_canceled() {
            return Next::Canceled(job);
        }
        let is_free = self.load(worker) == 0;
        let left = self.left(now, worker);
        let hash = self.hash_time * job.hashes();
        let wait = now.saturating_sub(since) + left;
        // A job that need not wait runs even if a hash takes longer than the deadline. Otherwise a time of slow hashes would stop
        // all jobs, and no measurement would show that hashes are quick again.
        let planned = self.hash_time.min(self.part_of_deadline(ADMITTED));
        let is_late = wait + planned > self.part_of_deadline(FOR_HASHING);
        if is_late && is_free {
            let refused = self.refuse(now, lane, job.hashes());
            return Next::Late(job, refused);
        }
        // An assigned job runs before every later one: the next arrival must still find room.
        let blocks_next = left + hash + self.hash_time > self.part_of_deadline(ADMITTED);
        if !is_free && (is_late || blocks_next) {
            // Another worker may be free sooner.
            self.lanes[lane as usize].push_front(Queued { job, since });
            return Next::Nothing;
        }
        self.share.served(lane, job.hashes(), self.length(lane.other()) > 0);
        self.assign(worker, Assigned { hashes: job.hashes(), queued: Some((lane, since)), since: now });
        Next::Run(job)
    }

    /// A job without a waiting client, for a worker that has no other: a client that comes now waits for it.
    pub(super) fn next_spare(&mut self, now: Duration, worker: usize) -> Next<J> {
        let is_free = self.load(worker) == 0;
        let Some(job) = is_free.then(|| self.spare.pop_front()).flatten() else { return Next::Nothing };
        if job.is_canceled() {
            return Next::Canceled(job);
        }
        self.assign(worker, Assigned { hashes: job.hashes(), queued: None, since: now });
        Next::Run(job)
    }

    /// The number of jobs that a worker has.
    pub(super) fn load(&self, worker: usize) -> usize {
        self.assigned.get(worker).map_or(0, VecDeque::len)
    }

    /// Whether a worker's next job should return to its lane: another worker is free, or this one is overdue.
    pub(super) fn should_reclaim(&self, now: Duration, worker: usize) -> bool {
        let is_any_free = self.assigned.iter().any(VecDeque::is_empty);
        self.load(worker) > 1 && (is_any_free || self.is_overdue(now, worker))
    }

    /// Returns a worker's next job to its position in its lane.
    pub(super) fn put_back(&mut self, worker: usize, job: J) {
        let Some((lane, since)) =
            self.assigned.get_mut(worker).and_then(VecDeque::pop_back).and_then(|assigned| assigned.queued)
        else {
            return;
        };
        self.share.taken_back(lane, job.hashes());
        let queued = &mut self.lanes[lane as usize];
        let position = queued.partition_point(|queued| queued.since <= since);
        queued.insert(position, Queued { job, since });
    }

    /// Records that a worker completed a job. Returns how long its client had waited.
    pub(super) fn done(&mut self, now: Duration, worker: usize) -> Option<Duration> {
        let assigned = self.assigned.get_mut(worker)?;
        let done = assigned.pop_front()?;
        if let Some(next) = assigned.front_mut() {
            next.since = now;
        }
        done.queued.map(|(_, came)| done.since.saturating_sub(came))
    }

    /// Records the time of a hash of our own, measured or converted.
    pub(super) fn measured(&mut self, took: Duration) {
        self.hash_time = if self.hash_time.is_zero() { took } else { (self.hash_time * (WEIGHT - 1) + took) / WEIGHT };
    }

    /// The number of jobs in a lane.
    pub(super) fn length(&self, lane: Lane) -> usize {
        self.lanes[lane as usize].len()
    }

    /// Refuses a job that was canceled at its deadline.
    pub(super) fn expire(&mut self, now: Duration, lane: Lane, hashes: u32) -> Refused {
        self.remove_canceled();
        self.refuse(now, lane, hashes)
    }

    /// Removes the canceled jobs, which would take the room of others.
    pub(super) fn remove_canceled(&mut self) {
        for lane in &mut self.lanes {
            lane.retain(|waiting| !waiting.job.is_canceled());
        }
    }

    /// Refuses a job, and gives its client the next slot for a retry.
    fn refuse(&mut self, now: Duration, lane: Lane, hashes: u32) -> Refused {
        let wait = self.expected_wait(now, lane);
        let until_done = |hashes: u32| self.hash_time * hashes / self.workers();
        let step = until_done(Share::of_both_lanes(lane, hashes)).min(self.stretched(now, lane, until_done(hashes)));
        let next_free = &mut self.next_free[lane as usize];
        *next_free = (*next_free).clamp(now + wait.min(MAX_RETRY_AFTER), now + MAX_RETRY_AFTER);
        let retry_after = next_free.saturating_sub(now);
        *next_free += step;
        Refused { retry_after }
    }

    fn assign(&mut self, worker: usize, job: Assigned) {
        if let Some(assigned) = self.assigned.get_mut(worker) {
            assigned.push_back(job);
        }
    }
}

#[cfg(test)]
mod tests;
