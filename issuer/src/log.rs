//! The log: lines on standard error, written by a separate thread. A slow or stopped reader costs a bounded amount of
//! memory and delays no response: lines are dropped and counted.

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

/// The target of access lines, one per request.
pub(crate) const ACCESS: &str = "hallpass::access";

/// The target of the audit log.
pub(crate) const AUDIT: &str = "hallpass::audit";

/// The target of lines about the log itself.
const LOG: &str = "hallpass::log";

/// Starts to log to standard error, and counts dropped lines in `metrics`. Dropping the result writes the waiting
/// lines.
pub(crate) fn start(level: LevelFilter, metrics: LogMetrics) -> io::Result<Flush> {
    let in_color = io::stderr().is_terminal();
    let lines = Arc::new(Lines::new(metrics));
    let flush = Writer::new(io::stderr()).start(Arc::clone(&lines))?;
    let subscriber = tracing_subscriber::fmt().with_writer(ToQueue(lines)).with_max_level(level);
    subscriber.with_target(false).with_ansi(in_color).init();
    Ok(flush)
}

/// The kind of a line by its target, which decides what is dropped first.
fn kind_of(target: &str) -> Kind {
    match target {
        ACCESS => Kind::Access,
        AUDIT | LOG => Kind::Audit,
        _ => Kind::Event,
    }
}
