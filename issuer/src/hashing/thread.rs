//! One thread that hashes, behind all others as long as it gets its turns there.
//!
//! Behind all others means behind those of other processes, too: where they want every core, a hash of 25 ms takes ten
//! seconds. A thread that has stepped back may not step forward again, since that takes a privilege. So one that starves ends,
//! and another one, which has not stepped back yet, goes on in its slot.

use std::{
    panic::{self, AssertUnwindSafe},
    thread::Thread,
    time::Duration,
};

use super::{
    Workbench,
    priority::{OnCore, step_back},
    worker_slot::{Done, WorkerSlot},
};
use crate::clock::Stopwatch;

/// Where a thread stands among all that want a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Behind all others.
    Behind,
    /// Like any other, and how many hashes in a row had a core for themselves.
    Equal { undisturbed: u32 },
}

impl Rank {
    /// Of a thread that takes another one's slot.
    pub(super) const SUCCESSOR: Self = Self::Equal { undisturbed: 0 };

    /// So many undisturbed hashes show that others have stopped wanting the cores.
    const UNDISTURBED: u32 = 100;

    /// Where a thread stands after a job that took so long, and had a core for so long. `None` where it starves. A job that
    /// merely had to let others go first is not meant: what is answered without a hash takes its part in any flood.
    fn after(self, took: Duration, on_core: Duration) -> Option<Self> {
        let is_undisturbed = took < on_core * 5 / 4;
        match self {
            Self::Behind if took > on_core * 10 && took > Duration::from_millis(500) => None,
            Self::Behind => Some(self),
            Self::Equal { undisturbed } if is_undisturbed && undisturbed + 1 >= Self::UNDISTURBED => Some(Self::Behind),
            Self::Equal { undisturbed } => {
                Some(Self::Equal { undisturbed: if is_undisturbed { undisturbed + 1 } else { 0 } })
            }
        }
    }
}

/// Hashes whatever comes to the slot, and calls the dispatcher after each, until the slot is closed or the thread starves.
pub(super) fn hash(slot: &WorkerSlot, mut bench: Workbench, mut rank: Rank, dispatcher: &Thread) {
    if rank == Rank::Behind {
        step_back();
    }
    while let Some(mut job) = slot.wait() {
        let (stopwatch, on_core) = (Stopwatch::start(), OnCore::start());
        let times = job.begin().then(|| {
            // A job that panics has no outcome and answers nobody; the thread and the others' jobs go on.
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
        if next == Rank::Behind && rank != Rank::Behind {
            step_back();
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
    fn a_thread_that_hardly_gets_a_core_starves_and_one_that_waits_for_a_while_does_not() {
        let after = |took, on_core| Rank::Behind.after(millis(took), millis(on_core));
        assert_eq!(after(8000, 25), None);
        assert_eq!(after(501, 50), None);
        for (took, on_core) in [(25, 25), (200, 10), (499, 25), (8000, 4000)] {
            assert_eq!(after(took, on_core), Some(Rank::Behind));
        }
    }

    #[test]
    fn a_successor_steps_back_after_a_hundred_undisturbed_hashes_in_a_row() {
        let mut rank = Rank::SUCCESSOR;
        for (took, times) in [(25, 99), (8000, 1), (50, 200), (25, 99)] {
            for _ in 0..times {
                rank = rank.after(millis(took), millis(25)).unwrap();
                assert_ne!(rank, Rank::Behind);
            }
        }
        assert_eq!(rank.after(millis(25), millis(25)), Some(Rank::Behind));
    }
}
