//! One hashing thread. It runs at idle priority as long as it gets enough CPU time.
//!
//! At idle priority a thread also runs behind other processes: where they use every core, a hash of 25 ms takes ten seconds.
//! Leaving idle priority takes a privilege. So a thread that starves ends, and a new one at normal priority takes its slot.

use std::{
    panic::{self, AssertUnwindSafe},
    thread::Thread,
    time::Duration,
};

use super::{
    Workbench,
    priority::{OnCore, enter_idle_priority},
    worker_slot::{Done, WorkerSlot},
};
use crate::clock::Stopwatch;

/// The priority of a hashing thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// `SCHED_IDLE`: behind all other threads.
    Idle,
    /// Normal priority, with the number of hashes in a row that had a core to themselves.
    Normal { undisturbed: u32 },
}

impl Rank {
    /// The rank of a thread that replaces a starved one.
    pub(super) const REPLACEMENT: Self = Self::Normal { undisturbed: 0 };

    /// After this many undisturbed hashes in a row the CPU contention is over.
    const UNDISTURBED: u32 = 100;

    /// The rank after a job that took `took`, of which it had a core for `on_core`. `None` if the thread starves. A job that only
    /// waited for answers without a hash, which take their part in any flood, is no sign of starvation.
    fn after(self, took: Duration, on_core: Duration) -> Option<Self> {
        let is_undisturbed = took < on_core * 5 / 4;
        match self {
            Self::Idle if took > on_core * 10 && took > Duration::from_millis(500) => None,
            Self::Idle => Some(self),
            Self::Normal { undisturbed } if is_undisturbed && undisturbed + 1 >= Self::UNDISTURBED => Some(Self::Idle),
            Self::Normal { undisturbed } => {
                Some(Self::Normal { undisturbed: if is_undisturbed { undisturbed + 1 } else { 0 } })
            }
        }
    }
}

/// Runs the slot's jobs, and wakes the dispatcher after each, until the slot is closed or the thread starves.
pub(super) fn hash(slot: &WorkerSlot, mut bench: Workbench, mut rank: Rank, dispatcher: &Thread) {
    if rank == Rank::Idle {
        enter_idle_priority();
    }
    while let Some(mut job) = slot.wait() {
        let stopwatch = Stopwatch::start();
        let on_core = OnCore::start();
        let times = job.begin().then(|| {
            // A job that panics has no outcome and sends no result. The thread and the other jobs continue.
            drop(panic::catch_unwind(AssertUnwindSafe(|| job.run(&mut bench))));
            bench.take_times()
        });
        let Some(next) = rank.after(stopwatch.elapsed(), on_core.elapsed()) else {
            slot.leave(Done { job, times, bench: Some(bench) });
            dispatcher.unpark();
            return;
        };
        slot.leave(Done { job, times, bench: None });
        dispatcher.unpark();
        if next == Rank::Idle && rank != Rank::Idle {
            enter_idle_priority();
        }
        rank = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_thread_with_a_tenth_of_a_core_starves_and_one_that_waits_for_half_a_second_does_not() {
        let after = |took, on_core| Rank::Idle.after(millis(took), millis(on_core));
        assert_eq!(after(8000, 25), None);
        assert_eq!(after(501, 50), None);
        for (took, on_core) in [(25, 25), (200, 10), (499, 25), (8000, 4000)] {
            assert_eq!(after(took, on_core), Some(Rank::Idle));
        }
    }

    #[test]
    fn a_replacement_enters_idle_priority_after_a_hundred_undisturbed_hashes_in_a_row() {
        let mut rank = Rank::REPLACEMENT;
        for (took, times) in [(25, 99), (8000, 1), (50, 200), (25, 99)] {
            for _ in 0..times {
                rank = rank.after(millis(took), millis(25)).unwrap();
                assert_ne!(rank, Rank::Idle);
            }
        }
        assert_eq!(rank.after(millis(25), millis(25)), Some(Rank::Idle));
    }
}
