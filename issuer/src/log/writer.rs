//! The thread that writes the log, and the queue to it. A caller puts its line into the queue and does not wait for the
//! write.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::{
    LOG, kind_of,
    queue::{Batch, KINDS, Kind, PerKind, Queue},
};
use crate::metrics::LogMetrics;

/// The maximum memory of the log: half a minute of a busy issuer's lines, and little compared with hashing.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The size of one write. Its lines have left the queue and count towards [`MAX_BYTES`] until they are written.
const BATCH_BYTES: usize = 64 * 1024;

/// The maximum length of a line. Texts from clients are cut much earlier, on arrival; this limit is for all others.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// How long the end of the process waits for the reader.
const FLUSH: Duration = Duration::from_secs(2);

/// The pause before a retry of a write without space. Standard error can be non-blocking, which any process that shares
/// it can set, or a file on a full disk.
const PAUSE: Duration = Duration::from_millis(10);

/// The queue between the loggers and the writing thread.
pub(super) struct Lines {
    waiting: Mutex<Waiting>,
    /// A line was added, or the process ends.
    came: Condvar,
    /// The thread has ended.
    ended: Condvar,
    metrics: LogMetrics,
}

struct Waiting {
    queue: Queue,
    is_ending: bool,
    has_ended: bool,
}

impl Lines {
    pub(super) fn new(metrics: LogMetrics) -> Self {
        let queue = Queue::new(MAX_BYTES - BATCH_BYTES);
        let waiting = Mutex::new(Waiting { queue, is_ending: false, has_ended: false });
        Self { waiting, came: Condvar::new(), ended: Condvar::new(), metrics }
    }

    fn push(&self, kind: Kind, line: &[u8]) {
        let line = cut(line);
        let dropped = self.lock().queue.push(kind, line);
        self.came.notify_one();
        self.dropped(dropped);
    }

    /// Waits for lines; `None` at the end, once all lines are taken.
    fn take(&self) -> Option<Batch> {
        let waiting = self.lock();
        let is_idle = |waiting: &mut Waiting| waiting.queue.bytes() == 0 && !waiting.is_ending;
        let mut waiting = self.came.wait_while(waiting, is_idle).unwrap_or_else(PoisonError::into_inner);
        Some(waiting.queue.take(BATCH_BYTES)).filter(|batch| !batch.lines.is_empty())
    }

    fn dropped(&self, dropped: PerKind) {
        for (kind, lines) in KINDS.into_iter().zip(dropped) {
            self.metrics.dropped(kind.name(), lines);
        }
    }

    /// The total of dropped lines.
    fn all_dropped(&self) -> PerKind {
        KINDS.map(|kind| self.metrics.all_dropped(kind.name()))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // The queue is consistent after a panic, since none of its steps can panic halfway.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line, cut between two characters if it is too long.
fn cut(line: &[u8]) -> Box<[u8]> {
    if line.len() <= MAX_LINE_BYTES {
        return line.into();
    }
    let mut kept = String::from_utf8_lossy(&line[..MAX_LINE_BYTES - "…\n".len()]).into_owned();
    // A truncated character becomes a replacement character.
    kept.truncate(kept.trim_end_matches('\u{fffd}').len());
    kept.push_str("…\n");
    kept.into_bytes().into()
}

impl Kind {
    /// The name in metrics and in the log.
    fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Event => "event",
            Self::Audit => "audit",
        }
    }
}

/// Writes lines until the end.
pub(super) struct Writer<W> {
    to: W,
    /// The totals of dropped lines in the last report.
    reported: PerKind,
}

impl<W: Write + Send + 'static> Writer<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, reported: PerKind::default() }
    }

    pub(super) fn start(self, lines: Arc<Lines>) -> io::Result<Flush> {
        let of_thread = Arc::clone(&lines);
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            let _ended = Ended(Arc::clone(&of_thread));
            self.run(&of_thread);
        })?;
        Ok(Flush(lines))
    }

    fn run(mut self, lines: &Lines) {
        while let Some(batch) = lines.take() {
            match write_all(&mut self.to, &batch.lines.concat()) {
                Ok(()) => self.report(lines.all_dropped()),
                Err(_) => lines.dropped(batch.counts),
            }
        }
    }

    /// Reports the totals of dropped lines, once the reader reads again.
    fn report(&mut self, dropped: PerKind) {
        if mem::replace(&mut self.reported, dropped) != dropped {
            let [access, event, audit] = dropped;
            tracing::warn!(target: LOG, access, event, audit, "log lines were dropped because the reader was too slow");
        }
    }
}

fn write_all(to: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if has_no_room(error.kind()) => thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether space may become available. A partial line is then completed.
fn has_no_room(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Signals the end of the thread, even after a panic.
struct Ended(Arc<Lines>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.lock().has_ended = true;
        self.0.ended.notify_all();
    }
}

/// Dropping it waits until all lines are written, for a limited time, since the reader may have stopped.
pub(crate) struct Flush(Arc<Lines>);

impl Flush {
    /// Adds a line after all others.
    pub(crate) fn say(&self, line: &str) {
        self.0.push(Kind::Audit, format!("{line}\n").as_bytes());
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_ending = true;
        self.0.came.notify_all();
        drop(self.0.ended.wait_timeout_while(waiting, FLUSH, |waiting| !waiting.has_ended));
    }
}

/// The subscriber's writer.
pub(super) struct ToQueue(pub(super) Arc<Lines>);

/// The writer of one line. The subscriber writes each line with one call.
pub(super) struct Line<'l> {
    lines: &'l Lines,
    kind: Kind,
}

impl<'l> MakeWriter<'l> for ToQueue {
    type Writer = Line<'l>;

    fn make_writer(&'l self) -> Line<'l> {
        Line { lines: &self.0, kind: Kind::Event }
    }

    fn make_writer_for(&'l self, metadata: &Metadata<'_>) -> Line<'l> {
        Line { lines: &self.0, kind: kind_of(metadata.target()) }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.push(self.kind, line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A reader that accepts one write per message, and all writes once the sender is dropped.
    struct Reader {
        read: mpsc::Sender<Vec<u8>>,
        allowed: mpsc::Receiver<()>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error means that the sender is dropped.
            self.allowed.recv().unwrap_or_default();
            drop(self.read.send(bytes.to_vec()));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_costs_a_bounded_amount_of_memory_and_the_audit_log_comes_through() {
        let metrics = LogMetrics::default();
        let lines = Arc::new(Lines::new(metrics.clone()));
        let (read, reads) = mpsc::channel();
        let (allow, allowed) = mpsc::channel();
        let flush = Writer::new(Reader { read, allowed }).start(Arc::clone(&lines)).unwrap();
        let access = "x".repeat(30_000) + "\n";
        for at in 0..5_000 {
            lines.push(Kind::Access, access.as_bytes());
            if at % 100 == 0 {
                lines.push(Kind::Audit, format!("audit {at}\n").as_bytes());
            }
        }
        let bytes = lines.lock().queue.bytes();
        assert!((MAX_BYTES - BATCH_BYTES - 2 * MAX_LINE_BYTES..=MAX_BYTES - BATCH_BYTES).contains(&bytes), "{bytes}");
        assert!(metrics.all_dropped("access") > 2_000);
        drop(allow);
        drop(flush);
        let log = String::from_utf8(reads.iter().flatten().collect()).unwrap();
        for at in (0..5_000).step_by(100) {
            assert_eq!(log.matches(&format!("audit {at}\n")).count(), 1);
        }
        let written = log.lines().filter(|line| line.starts_with('x')).count();
        assert_eq!(written as u64 + metrics.all_dropped("access"), 5_000);
        assert_eq!((metrics.all_dropped("event"), metrics.all_dropped("audit")), (0, 0));
    }

    #[test]
    fn the_end_does_not_wait_for_a_stopped_reader() {
        let lines = Arc::new(Lines::new(LogMetrics::default()));
        let (read, _reads) = mpsc::channel();
        let (allow, allowed) = mpsc::channel();
        let flush = Writer::new(Reader { read, allowed }).start(Arc::clone(&lines)).unwrap();
        flush.say("never read");
        drop(flush);
        assert!(!lines.lock().has_ended);
        drop(allow);
    }

    #[test]
    fn a_write_without_space_is_retried() {
        struct Narrow(Vec<u8>, bool, io::ErrorKind);
        impl Write for Narrow {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 {
                    return Err(self.2.into());
                }
                self.0.push(bytes[0]);
                Ok(1)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for kind in [io::ErrorKind::WouldBlock, io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let mut narrow = Narrow(Vec::new(), false, kind);
            write_all(&mut narrow, b"a line\n").unwrap();
            assert_eq!(narrow.0, b"a line\n");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_between_two_characters() {
        for character in ["x", "é", "語", "😀"] {
            let line = cut(character.repeat(MAX_LINE_BYTES + 1).as_bytes());
            let text = str::from_utf8(&line).unwrap();
            assert!(text.ends_with(&format!("{character}…\n")) && line.len() <= MAX_LINE_BYTES, "{character}");
        }
        assert_eq!(&*cut(b"short\n"), b"short\n");
    }
}
