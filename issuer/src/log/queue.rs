//! The queue of lines, with a maximum size in bytes. If a new line does not fit, less important lines are dropped, and
//! never more important ones.

use std::{collections::VecDeque, iter};

/// The kind of a line. Each kind is more important than those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One request. Clients decide the number of these lines.
    Access,
    /// Any other event of the process.
    Event,
    /// The audit log, and lines about the log itself.
    Audit,
}

/// All kinds, the least important first.
pub(crate) const KINDS: [Kind; 3] = [Kind::Access, Kind::Event, Kind::Audit];

/// A number for each kind, in the order of [`KINDS`].
pub(crate) type PerKind = [u64; KINDS.len()];

/// The memory of a line besides its bytes: its entry in a list with up to twice the necessary capacity, and the
/// allocator's header.
const OVERHEAD: usize = 64;

/// Lines in the order of their arrival.
pub(super) struct Queue {
    max_bytes: usize,
    next_number: u64,
    lanes: [Lane; KINDS.len()],
}

/// The lines of one kind, each with its overall number.
#[derive(Default)]
struct Lane {
    lines: VecDeque<(u64, Box<[u8]>)>,
    bytes: usize,
}

/// Lines for one write.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) lines: Vec<Box<[u8]>>,
    /// The number of lines of each kind.
    pub(super) counts: PerKind,
}

impl Queue {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, next_number: 0, lanes: Default::default() }
    }

    /// The memory of the lines.
    pub(super) fn bytes(&self) -> usize {
        self.lanes.iter().map(|lane| lane.bytes).sum()
    }

    /// Adds a line, and drops the oldest lines of less important kinds if it does not fit. If that is not enough, only
    /// the new line is dropped. Returns the number of dropped lines of each kind.
    pub(super) fn push(&mut self, kind: Kind, line: Box<[u8]>) -> PerKind {
        let mut dropped = PerKind::default();
        let lower: usize = self.lanes[..kind as usize].iter().map(|lane| lane.bytes).sum();
        if self.bytes() - lower + cost(&line) > self.max_bytes {
            dropped[kind as usize] = 1;
            return dropped;
        }
        for lower in &KINDS[..kind as usize] {
            while self.bytes() + cost(&line) > self.max_bytes && self.lanes[*lower as usize].pop().is_some() {
                dropped[*lower as usize] += 1;
            }
        }
        let own = &mut self.lanes[kind as usize];
        own.bytes += cost(&line);
        own.lines.push_back((self.next_number, line));
        self.next_number += 1;
        dropped
    }

    /// Takes the oldest lines: as many as fit into `max_bytes`, and at least one unless the queue is empty.
    pub(super) fn take(&mut self, max_bytes: usize) -> Batch {
        let mut batch = Batch::default();
        let mut bytes = 0;
        let lines = iter::from_fn(|| {
            let (at, line) = self.oldest()?;
            let fits = bytes == 0 || bytes + line <= max_bytes;
            bytes += line;
            fits.then(|| self.lanes[at].pop()).flatten().inspect(|_| batch.counts[at] += 1)
        });
        batch.lines = lines.collect();
        batch
    }

    /// The lane of the oldest line, and its memory.
    fn oldest(&self) -> Option<(usize, usize)> {
        let first = |(at, lane): (usize, &Lane)| lane.lines.front().map(|(number, line)| (*number, at, cost(line)));
        let (_, at, bytes) = self.lanes.iter().enumerate().filter_map(first).min()?;
        Some((at, bytes))
    }
}

impl Lane {
    fn pop(&mut self) -> Option<Box<[u8]>> {
        let (_, line) = self.lines.pop_front()?;
        self.bytes -= cost(&line);
        Some(line)
    }
}

fn cost(line: &[u8]) -> usize {
    line.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: usize = 1000;

    /// A line of that many bytes with its number.
    fn line(number: u64, length: usize) -> Box<[u8]> {
        let mut line = number.to_be_bytes().to_vec();
        line.resize(length.max(8), 0);
        line.into()
    }

    fn number_of(line: &[u8]) -> u64 {
        u64::from_be_bytes(*line.first_chunk().unwrap())
    }

    /// A step: a line of a kind and length is pushed, or a batch is taken.
    #[derive(Clone, Debug)]
    enum Step {
        Push(Kind, usize),
        Take(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let kind = prop_oneof![8 => Just(Kind::Access), 2 => Just(Kind::Event), 2 => Just(Kind::Audit)];
        let push = (kind, 0..MAX + 100).prop_map(|(kind, length)| Step::Push(kind, length / 3));
        let take = (0..MAX).prop_map(Step::Take);
        prop::collection::vec(prop_oneof![6 => push, 1 => take], 0..200)
    }

    proptest! {
        #[test]
        fn bytes_are_bounded_order_is_kept_counts_are_exact_and_no_line_is_dropped_for_a_less_important_one(steps in steps()) {
            let mut queue = Queue::new(MAX);
            let mut pushed = PerKind::default();
            let mut dropped = PerKind::default();
            let mut taken = PerKind::default();
            let mut number = 0;
            let mut last = None;
            for step in steps {
                match step {
                    Step::Push(kind, length) => {
                        number += 1;
                        pushed[kind as usize] += 1;
                        let line = line(number, length);
                        let size = cost(&line);
                        let gone = queue.push(kind, line);
                        for (at, gone) in gone.into_iter().enumerate() {
                            dropped[at] += gone;
                            prop_assert!(gone == 0 || at <= kind as usize);
                        }
                        if gone[kind as usize] > 0 {
                            let others: usize = queue.lanes[kind as usize..].iter().map(|lane| lane.bytes).sum();
                            prop_assert!(others + size > MAX, "it was dropped although less important lines were queued");
                        }
                    }
                    Step::Take(max_bytes) => {
                        let batch = queue.take(max_bytes);
                        prop_assert!(batch.lines.len() < 2 || batch.lines.iter().map(|line| cost(line)).sum::<usize>() <= max_bytes);
                        for line in &batch.lines {
                            prop_assert!(last < Some(number_of(line)));
                            last = Some(number_of(line));
                        }
                        prop_assert_eq!(batch.counts.iter().sum::<u64>(), batch.lines.len() as u64);
                        for (at, count) in batch.counts.into_iter().enumerate() {
                            taken[at] += count;
                        }
                    }
                }
                prop_assert!(queue.bytes() <= MAX);
                for (at, lane) in queue.lanes.iter().enumerate() {
                    prop_assert_eq!(lane.bytes, lane.lines.iter().map(|(_, line)| cost(line)).sum::<usize>());
                    prop_assert_eq!(pushed[at], dropped[at] + taken[at] + lane.lines.len() as u64);
                }
            }
        }
    }

    #[test]
    fn an_audit_line_displaces_only_the_oldest_access_lines() {
        let mut queue = Queue::new(4 * cost(&[0; 8]));
        for (number, kind) in [(1, Kind::Event), (2, Kind::Access), (3, Kind::Access), (4, Kind::Audit)] {
            assert_eq!(queue.push(kind, line(number, 8)), [0, 0, 0]);
        }
        assert_eq!(queue.push(Kind::Access, line(5, 8)), [1, 0, 0], "an access line displaces no other");
        assert_eq!(queue.push(Kind::Audit, line(6, 8)), [1, 0, 0]);
        let rest = queue.take(usize::MAX);
        assert_eq!(rest.lines.iter().map(|line| number_of(line)).collect::<Vec<_>>(), [1, 3, 4, 6]);
        assert_eq!(rest.counts, [1, 1, 2]);
        assert_eq!(queue.take(usize::MAX), Batch::default());
    }

    #[test]
    fn a_line_larger_than_the_queue_displaces_no_other() {
        let mut queue = Queue::new(MAX);
        queue.push(Kind::Access, line(1, 8));
        assert_eq!(queue.push(Kind::Audit, line(2, MAX)), [0, 0, 1]);
        assert_eq!(queue.take(0).counts, [1, 0, 0]);
    }
}
