//! The log: lines on standard error, written by a thread of its own. A reader that is slow or stopped costs a bounded amount
//! of memory and delays no answer: lines are dropped instead, and counted.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
};

use tracing::level_filters::LevelFilter;

mod queue;
mod writer;

use queue::Kind;
pub(crate) use writer::Flush;
use writer::{Lines, ToQueue, Writer};

use crate::metrics::LogMetrics;

/// The target of the line that each request gets.
pub(crate) const ACCESS: &str = "hallpass::access";

/// The target of the audit log.
pub(crate) const AUDIT: &str = "hallpass::audit";

/// The target of what the log says about itself.
const LOG: &str = "hallpass::log";

/// Logs to standard error from now on, and counts in `metrics` the lines that are dropped. What waits is written when the
/// result is dropped.
pub(crate) fn start(level: LevelFilter, metrics: LogMetrics) -> io::Result<Flush> {
    let in_color = io::stderr().is_terminal();
    let lines = Arc::new(Lines::new(metrics));
    let flush = Writer::new(io::stderr()).start(Arc::clone(&lines))?;
    let subscriber = tracing_subscriber::fmt().with_writer(ToQueue(lines)).with_max_level(level);
    subscriber.with_target(false).with_ansi(in_color).init();
    Ok(flush)
}

/// Which lines give way to which, by their target.
fn kind_of(target: &str) -> Kind {
    match target {
        ACCESS => Kind::Access,
        AUDIT | LOG => Kind::Audit,
        _ => Kind::Event,
    }
}
