//! Who is hashed for next, and who is not: decisions alone, over a time that is given. Moments are the time since the
//! start of the process.

use std::{collections::VecDeque, time::Duration};

use super::Lane;

/// A client is let in if its wait and its hash fit into this part of the deadline: hashes take up to a quarter longer now
/// and then, and whoever is let in should not be sent away after the wait.
const ADMITTED: (u32, u32) = (3, 4);

/// How much of a new measurement the mean takes on: it follows a change within a few dozen hashes.
const WEIGHT: u32 = 16;

/// The longest that anybody is told to stay away. What is further ahead nobody can know.
const LONGEST_RETRY: Duration = Duration::from_mins(1);

/// Hashes that nobody waits for. Each keeps a password in memory until its turn.
const MOST_SPARE: usize = 32;

/// Something to be hashed.
pub(super) trait Waits {
    /// How many hashes it takes.
    fn hashes(&self) -> u32;

    /// Whether nobody waits for it any more.
    fn is_gone(&self) -> bool;
}

/// What waits and what runs.
pub(super) struct Queue<J> {
    deadline: Duration,
    known: VecDeque<Waiting<J>>,
    unknown: VecDeque<Waiting<J>>,
    /// What nobody waits for: done when nobody waits at all.
    spare: VecDeque<J>,
    /// What each worker does, and what it goes on with.
    given: Vec<VecDeque<Given>>,
    /// The mean time of a hash; zero before the first.
    hash_time: Duration,
    /// When there is room for the next one who is sent away, by lane. Each refusal takes a place, so that those who come
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
    /// Since when it waited.
    came: Option<Duration>,
    /// Since when it is done.
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
    /// Do this now, which has waited so long.
    Do(J, Duration),
    /// Do this next.
    Later(J),
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
            known: VecDeque::new(),
            unknown: VecDeque::new(),
            spare: VecDeque::new(),
            given: (0..workers).map(|_| VecDeque::new()).collect(),
            hash_time,
            next_free: [Duration::ZERO; 2],
        }
    }

    /// Lets something wait, if its turn comes in time.
    pub(super) fn admit(&mut self, now: Duration, lane: Lane, job: J) -> Result<(), (J, Refused)> {
        if self.fits(now, lane, job.hashes()) || (self.forget_gone() && self.fits(now, lane, job.hashes())) {
            if self.expected_wait(now, lane).is_zero() {
                // Nobody waits, so that nothing that was promised for later holds any more.
                self.next_free = [Duration::ZERO; 2];
            }
            self.lane(lane).push_back(Waiting { job, since: now });
            return Ok(());
        }
        let refused = self.refuse(now, lane, job.hashes());
        Err((job, refused))
    }

    /// Lets something wait for which nobody waits, if there is not too much of it.
    pub(super) fn admit_spare(&mut self, job: J) -> Result<(), J> {
        if self.spare.len() < MOST_SPARE {
            self.spare.push_back(job);
            return Ok(());
        }
        Err(job)
    }

    /// What a worker does next, or after what it does. Known clients come first.
    pub(super) fn next(&mut self, now: Duration, worker: usize) -> Next<J> {
        let lane = if self.known.is_empty() { Lane::Unknown } else { Lane::Known };
        let Some(Waiting { job, since }) = self.lane(lane).pop_front() else { return self.next_spare(now, worker) };
        if job.is_gone() {
            return Next::Gone(job);
        }
        let (is_free, waited) = (self.load(worker) == 0, now.saturating_sub(since));
        let wait = waited + self.left(now, worker);
        let is_late = wait + self.hash_time * job.hashes() > self.deadline && wait > Duration::ZERO;
        if is_late && is_free {
            let refused = self.refuse(now, lane, job.hashes());
            return Next::Late(job, refused);
        }
        if is_late {
            // Another worker may be free sooner.
            self.lane(lane).push_front(Waiting { job, since });
            return Next::Nothing;
        }
        self.give(worker, Given { hashes: job.hashes(), came: Some(since), since: now });
        if is_free { Next::Do(job, waited) } else { Next::Later(job) }
    }

    /// How many things a worker was given: what it does, and what it goes on with.
    pub(super) fn load(&self, worker: usize) -> usize {
        self.given.get(worker).map_or(0, VecDeque::len)
    }

    /// Takes on that a worker is done with one thing. How long the one has waited that it goes on with, if somebody waits
    /// for it.
    pub(super) fn done(&mut self, now: Duration, worker: usize) -> Option<Duration> {
        let given = self.given.get_mut(worker)?;
        given.pop_front();
        let next = given.front_mut()?;
        next.since = now;
        next.came.map(|came| now.saturating_sub(came))
    }

    /// Takes on that a worker does now what another one was to go on with. How long it has waited.
    pub(super) fn moved(&mut self, now: Duration, from: usize, to: usize) -> Option<Duration> {
        let given = self.given.get_mut(from)?.pop_back()?;
        self.give(to, Given { since: now, ..given });
        given.came.map(|came| now.saturating_sub(came))
    }

    /// Takes on what one hash took.
    pub(super) fn measured(&mut self, took: Duration) {
        self.hash_time = if self.hash_time.is_zero() { took } else { (self.hash_time * (WEIGHT - 1) + took) / WEIGHT };
    }

    /// How many wait in a lane.
    pub(super) fn length(&self, lane: Lane) -> usize {
        match lane {
            Lane::Known => self.known.len(),
            Lane::Unknown => self.unknown.len(),
        }
    }

    /// How long something that comes now would wait.
    fn expected_wait(&self, now: Duration, lane: Lane) -> Duration {
        let ahead_in = |lane: &VecDeque<Waiting<J>>| lane.iter().map(|waiting| waiting.job.hashes()).sum::<u32>();
        let ahead = match lane {
            Lane::Known => ahead_in(&self.known),
            Lane::Unknown => ahead_in(&self.known) + ahead_in(&self.unknown),
        };
        if ahead == 0 && self.given.iter().any(VecDeque::is_empty) {
            return Duration::ZERO;
        }
        let left: Duration = (0..self.given.len()).map(|worker| self.left(now, worker)).sum();
        (left + self.hash_time * ahead) / self.workers()
    }

    /// How long a worker needs for what it was given.
    fn left(&self, now: Duration, worker: usize) -> Duration {
        let given = self.given.get(worker).into_iter().flatten().enumerate();
        let left = given.map(|(place, given)| {
            let spent = if place == 0 { now.saturating_sub(given.since) } else { Duration::ZERO };
            (self.hash_time * given.hashes).saturating_sub(spent)
        });
        left.sum()
    }

    fn fits(&self, now: Duration, lane: Lane, hashes: u32) -> bool {
        let wait = self.expected_wait(now, lane);
        let (part, whole) = ADMITTED;
        // Where one hash alone takes longer than the deadline, those who need not wait are still served.
        wait.is_zero() || wait + self.hash_time * hashes <= self.deadline * part / whole
    }

    /// Gives a place further on to one who is sent away.
    fn refuse(&mut self, now: Duration, lane: Lane, hashes: u32) -> Refused {
        let wait = self.expected_wait(now, lane);
        let step = self.hash_time * hashes / self.workers();
        let next_free = &mut self.next_free[lane as usize];
        *next_free = (*next_free).clamp(now + wait.min(LONGEST_RETRY), now + LONGEST_RETRY);
        let retry_after = next_free.saturating_sub(now);
        *next_free += step;
        Refused { retry_after }
    }

    /// Forgets those who have gone; whether there were any.
    fn forget_gone(&mut self) -> bool {
        let before = self.known.len() + self.unknown.len();
        self.known.retain(|waiting| !waiting.job.is_gone());
        self.unknown.retain(|waiting| !waiting.job.is_gone());
        self.known.len() + self.unknown.len() < before
    }

    /// Something for which nobody waits, if the worker does nothing: whoever comes now would wait for it too.
    fn next_spare(&mut self, now: Duration, worker: usize) -> Next<J> {
        let is_free = self.load(worker) == 0;
        let Some(job) = is_free.then(|| self.spare.pop_front()).flatten() else { return Next::Nothing };
        if job.is_gone() {
            return Next::Gone(job);
        }
        self.give(worker, Given { hashes: job.hashes(), came: None, since: now });
        Next::Do(job, Duration::ZERO)
    }

    fn give(&mut self, worker: usize, thing: Given) {
        if let Some(given) = self.given.get_mut(worker) {
            given.push_back(thing);
        }
    }

    fn lane(&mut self, lane: Lane) -> &mut VecDeque<Waiting<J>> {
        match lane {
            Lane::Known => &mut self.known,
            Lane::Unknown => &mut self.unknown,
        }
    }

    fn workers(&self) -> u32 {
        u32::try_from(self.given.len()).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests;
