//! Who is hashed for next, and who is not: decisions alone, over a time that is given. Moments are the time since the
//! start of the process.

use std::{collections::VecDeque, time::Duration};

use self::{arrivals::Arrivals, share::Share};
use super::Lane;

mod arrivals;
mod share;

/// A client is let in if its wait and a hash of our own fit into this part of the deadline: hashes take up to a quarter longer now
/// and then, and whoever is let in should not be sent away after the wait.
const ADMITTED: (u32, u32) = (3, 4);

/// A hash must be done in this part of the deadline: the session has to reach the disk after it.
const FOR_HASHING: (u32, u32) = (15, 16);

/// What a worker does, and what it goes on with.
const MAX_LISTED: usize = 2;

/// How much of a new measurement the mean takes on: it follows a change within a few dozen hashes.
const WEIGHT: u32 = 16;

/// The longest that anybody is told to stay away. What is further ahead nobody can know.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(1);

/// Hashes that nobody waits for. Each keeps a password in memory until its turn.
const MAX_SPARE: usize = 32;

/// Something to be hashed.
pub(super) trait Waits {
    /// How many hashes it takes, or is worth.
    fn hashes(&self) -> u32;

    /// Whether nobody waits for it any more.
    fn is_gone(&self) -> bool;
}

/// What waits and what runs.
pub(super) struct Queue<J> {
    deadline: Duration,
    /// What waits, by lane.
    lanes: [VecDeque<Waiting<J>>; 2],
    share: Share,
    /// What was let in of late, by lane.
    arrivals: [Arrivals; 2],
    /// What nobody waits for: done when nobody waits at all.
    spare: VecDeque<J>,
    /// What each worker does, and what it goes on with.
    given: Vec<VecDeque<Given>>,
    /// The mean time of a hash of our own; zero before the first.
    hash_time: Duration,
    /// When there is room for the next one who is sent away, by lane. Each refusal takes a slot, so that those who come
    /// back when they are told do not all come at once.
    next_free: [Duration; 2],
}

struct Waiting<J> {
    job: J,
    since: Duration,
}

/// Something that a worker was given.
#[derive(Clone, Copy)]
struct Given {
    hashes: u32,
    /// In which lane it waited, and since when; none for what nobody waits for.
    waited: Option<(Lane, Duration)>,
    /// Since when it is done, or was given.
    since: Duration,
}

/// There is no room; in that time there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) retry_after: Duration,
}

/// What a worker that is free does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<J> {
    /// Do this, after what the worker was given before.
    Do(J),
    /// Drop this, for which nobody waits.
    Gone(J),
    /// Refuse this, which has waited past its deadline.
    Late(J, Refused),
    /// Wait for something to do.
    Nothing,
}

impl<J: Waits> Queue<J> {
    pub(super) fn new(workers: usize, deadline: Duration, hash_time: Duration) -> Self {
        Self {
            deadline,
            lanes: [VecDeque::new(), VecDeque::new()],
            share: Share::default(),
            arrivals: [Arrivals::default(); 2],
            spare: VecDeque::new(),
            given: (0..workers).map(|_| VecDeque::new()).collect(),
            hash_time,
            next_free: [Duration::ZERO; 2],
        }
    }

    /// Refuses one hash that would not fit now.
    pub(super) fn check_room(&mut self, now: Duration, lane: Lane) -> Result<(), Refused> {
        if self.fits(now, lane) { Ok(()) } else { Err(self.refuse(now, lane, 1)) }
    }

    /// Lets something wait, if its turn comes in time.
    pub(super) fn admit(&mut self, now: Duration, lane: Lane, job: J) -> Result<(), (J, Refused)> {
        if self.expected_wait(now, lane).is_zero() {
            // Nobody waits, so that nothing that was promised for later holds any more.
            self.next_free = [Duration::ZERO; 2];
        }
        if !self.fits(now, lane) {
            let refused = self.refuse(now, lane, job.hashes());
            return Err((job, refused));
        }
        self.arrivals[lane as usize].add(now, self.deadline, job.hashes());
        self.lanes[lane as usize].push_back(Waiting { job, since: now });
        Ok(())
    }

    /// Lets something wait for which nobody waits, if there is not too much of it.
    pub(super) fn admit_spare(&mut self, job: J) -> Result<(), J> {
        if self.spare.len() < MAX_SPARE {
            self.spare.push_back(job);
            return Ok(());
        }
        Err(job)
    }

    /// The worker that will be free first, of those who can be given something.
    pub(super) fn soonest(&self, now: Duration) -> Option<usize> {
        let can_take = |worker: &usize| match self.load(*worker) {
            0 => true,
            load => load < MAX_LISTED && !self.is_overdue(now, *worker),
        };
        (0..self.given.len()).filter(can_take).min_by_key(|worker| (self.load(*worker), self.left(now, *worker)))
    }

    /// What a worker does next, or after what it does. Known devices come first, within their share.
    pub(super) fn next(&mut self, now: Duration, worker: usize) -> Next<J> {
        let lane = match (self.length(Lane::Known), self.length(Lane::Unknown)) {
            (0, _) => Lane::Unknown,
            (_, 0) => Lane::Known,
            _ => self.share.next(),
        };
        let Some(Waiting { job, since }) = self.lanes[lane as usize].pop_front() else { return Next::Nothing };
        if job.is_gone() {
            return Next::Gone(job);
        }
        let (is_free, left, hash) = (self.load(worker) == 0, self.left(now, worker), self.hash_time * job.hashes());
        let wait = now.saturating_sub(since) + left;
        // A hash that takes longer than there is time for is done all the same for who need not wait: else nobody would be
        // served any more once hashes were slow for a while, nor would anybody find out that they are quick again.
        let planned = self.hash_time.min(self.part_of_deadline(ADMITTED));
        let is_late = wait + planned > self.part_of_deadline(FOR_HASHING);
        if is_late && is_free {
            let refused = self.refuse(now, lane, job.hashes());
            return Next::Late(job, refused);
        }
        // What is given to a worker is ahead of every job that comes: the next must still find room.
        let is_in_the_way = left + hash + self.hash_time > self.part_of_deadline(ADMITTED);
        if !is_free && (is_late || is_in_the_way) {
            // Another worker may be free sooner.
            self.lanes[lane as usize].push_front(Waiting { job, since });
            return Next::Nothing;
        }
        self.share.served(lane, job.hashes(), self.length(lane.other()) > 0);
        self.give(worker, Given { hashes: job.hashes(), waited: Some((lane, since)), since: now });
        Next::Do(job)
    }

    /// Something for which nobody waits, for a worker that does nothing else: whoever comes now would wait for it too.
    pub(super) fn next_spare(&mut self, now: Duration, worker: usize) -> Next<J> {
        let is_free = self.load(worker) == 0;
        let Some(job) = is_free.then(|| self.spare.pop_front()).flatten() else { return Next::Nothing };
        if job.is_gone() {
            return Next::Gone(job);
        }
        self.give(worker, Given { hashes: job.hashes(), waited: None, since: now });
        Next::Do(job)
    }

    /// How many things a worker was given: what it does, and what it goes on with.
    pub(super) fn load(&self, worker: usize) -> usize {
        self.given.get(worker).map_or(0, VecDeque::len)
    }

    /// Whether what a worker was to go on with should rather be done by another: one has nothing to do, or this one takes
    /// longer than anybody could expect.
    pub(super) fn should_be_relieved(&self, now: Duration, worker: usize) -> bool {
        let is_anybody_free = self.given.iter().any(VecDeque::is_empty);
        self.load(worker) > 1 && (is_anybody_free || self.is_overdue(now, worker))
    }

    /// Takes what a worker was to go on with back into its lane.
    pub(super) fn put_back(&mut self, worker: usize, job: J) {
        let Some((lane, since)) =
            self.given.get_mut(worker).and_then(VecDeque::pop_back).and_then(|given| given.waited)
        else {
            return;
        };
        self.share.taken_back(lane, job.hashes());
        let waiting = &mut self.lanes[lane as usize];
        let position = waiting.partition_point(|waiting| waiting.since <= since);
        waiting.insert(position, Waiting { job, since });
    }

    /// Takes on that a worker is done with one thing. How long that had waited, if somebody waited for it.
    pub(super) fn done(&mut self, now: Duration, worker: usize) -> Option<Duration> {
        let given = self.given.get_mut(worker)?;
        let done = given.pop_front()?;
        if let Some(next) = given.front_mut() {
            next.since = now;
        }
        done.waited.map(|(_, came)| done.since.saturating_sub(came))
    }

    /// Takes on what one hash of our own took, or would have taken.
    pub(super) fn measured(&mut self, took: Duration) {
        self.hash_time = if self.hash_time.is_zero() { took } else { (self.hash_time * (WEIGHT - 1) + took) / WEIGHT };
    }

    /// How many wait in a lane.
    pub(super) fn length(&self, lane: Lane) -> usize {
        self.lanes[lane as usize].len()
    }

    /// Refuses a job whose deadline has passed before a worker began it, and which has left.
    pub(super) fn expire(&mut self, now: Duration, lane: Lane, hashes: u32) -> Refused {
        self.forget_gone();
        self.refuse(now, lane, hashes)
    }

    /// Forgets the jobs for which nobody waits any more: they keep no others out.
    pub(super) fn forget_gone(&mut self) {
        for lane in &mut self.lanes {
            lane.retain(|waiting| !waiting.job.is_gone());
        }
    }

    /// How long something that comes now would wait: for what is ahead of it in its own lane, and for what the other lane
    /// takes meanwhile. That is its share, or less where less waits there and comes into it.
    fn expected_wait(&self, now: Duration, lane: Lane) -> Duration {
        let (own, of_other) = (self.hashes(lane), self.hashes(lane.other()));
        let share_of_other = self.share.of_other_lane_before(lane, own);
        if own + share_of_other.min(of_other) == 0 && self.given.iter().any(VecDeque::is_empty) {
            return Duration::ZERO;
        }
        let left: Duration = (0..self.given.len()).map(|worker| self.left(now, worker)).sum();
        let until_done = |hashes: u32| (left + self.hash_time * hashes) / self.workers();
        until_done(own + share_of_other).min(self.stretched(now, lane, until_done(own + of_other)))
    }

    /// How long something of a lane takes that takes so long if no more comes into the other one, which goes on as of late.
    fn stretched(&self, now: Duration, lane: Lane, time: Duration) -> Duration {
        let coming = self.arrivals[lane.other() as usize].within(now, self.deadline);
        let load = self.hash_time.div_duration_f64(self.deadline) * coming / f64::from(self.workers());
        // With no part left it never ends, and what is no time is the longest one.
        Duration::try_from_secs_f64(time.as_secs_f64() / (1.0 - load)).unwrap_or(Duration::MAX)
    }

    /// How many hashes wait in a lane.
    fn hashes(&self, lane: Lane) -> u32 {
        self.lanes[lane as usize].iter().map(|waiting| waiting.job.hashes()).sum()
    }

    /// How long a worker needs for what it was given.
    fn left(&self, now: Duration, worker: usize) -> Duration {
        let given = self.given.get(worker).into_iter().flatten().enumerate();
        let left = given.map(|(slot, given)| {
            let spent = if slot == 0 { now.saturating_sub(given.since) } else { Duration::ZERO };
            (self.hash_time * given.hashes).saturating_sub(spent)
        });
        left.sum()
    }

    /// Whether a worker has done one thing for twice as long as it was expected to take.
    fn is_overdue(&self, now: Duration, worker: usize) -> bool {
        let done = self.given.get(worker).and_then(VecDeque::front);
        done.is_some_and(|done| now.saturating_sub(done.since) > 2 * self.hash_time * done.hashes)
    }

    /// Whether there is room for a job that comes now. All jobs are alike here: one whose hash was imported would else never find
    /// room in a flood of small ones, and that it does not would tell of its hash.
    fn fits(&self, now: Duration, lane: Lane) -> bool {
        let wait = self.expected_wait(now, lane);
        // Where one hash alone takes longer than the deadline, those who need not wait are still served.
        wait.is_zero() || wait + self.hash_time <= self.part_of_deadline(ADMITTED)
    }

    fn part_of_deadline(&self, (part, whole): (u32, u32)) -> Duration {
        self.deadline * part / whole
    }

    /// Gives a slot further on to one who is sent away.
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

    fn give(&mut self, worker: usize, thing: Given) {
        if let Some(given) = self.given.get_mut(worker) {
            given.push_back(thing);
        }
    }

    fn workers(&self) -> u32 {
        u32::try_from(self.given.len()).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests;
