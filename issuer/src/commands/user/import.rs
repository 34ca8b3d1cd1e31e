//! `hallpass user import FILE`: adds the users of another system, with the hashes of their passwords. The file is read line by
//! line, so that a long one needs little memory: a few bytes per user.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
};

use futures_util::{StreamExt as _, stream};
use hallpass_token::UnixSeconds;
use tokio::time;

use super::{
    args::{Format, UserImport},
    new_user,
};
use crate::{
    audit,
    clock::{Clock as _, SystemClock},
    commands::open_store::{self, OpenStoreError},
    entropy::NoEntropy,
    store::{Added, Store, StoreError},
    user::User,
};

mod csv;
mod entry;
mod json;
mod lines;
mod progress;
mod reader;
#[cfg(test)]
mod tests;

use entry::{Candidate, Fault};
use lines::LinePosition;
use progress::Progress;
use reader::Reader;

/// Concurrent writes, which share the disk's syncs.
const IN_FLIGHT: usize = 1024;

/// Why an import failed, or was not complete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("{0} lines were refused")]
    Refused(u64),
    #[error("the name of {} does not show its format: set --format", .0.display())]
    Format(PathBuf),
    #[error("cannot read {}: {reason}", file.display())]
    Read { file: PathBuf, reason: io::Error },
    #[error("line {line}: {fault}")]
    Header { line: u64, fault: Fault },
    #[error(
        "the import stopped at line {line}; run it again (up to {IN_FLIGHT} more users may already be added): {error}"
    )]
    Store { line: u64, error: StoreError },
    #[error("the import succeeded, but cannot print its result: {0}")]
    Output(io::Error),
    #[error(transparent)]
    Open(#[from] OpenStoreError),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// The outcome of a line.
enum Outcome {
    Added,
    /// A user with this name exists, and is unchanged.
    Present,
    /// A check found no fault.
    Valid,
    Refused(Fault),
}

/// The numbers of lines by outcome.
#[derive(Debug, Default)]
struct Tally {
    added: u64,
    present: u64,
    valid: u64,
    refused: u64,
}

/// The target of the users.
enum Target {
    Store(Arc<dyn Store>),
    Nowhere,
}

pub(super) async fn run(options: UserImport) -> Result<(), ImportError> {
    let format = format_of(&options)?;
    let failed = |reason| ImportError::Read { file: options.file.clone(), reason };
    let (source, length) = open(&options.file).map_err(failed)?;
    let target = if options.check {
        Target::Nowhere
    } else {
        Target::Store(open_store::open_or_create(&options.store.store).await?)
    };
    let mut tally = Tally::default();
    let progress = Progress::new(length);
    let outcome = match Reader::new(source, format) {
        Ok(reader) => import(reader, &target, &options.file, &mut tally, &progress).await,
        Err(error) => Err(error.into_import_error(&options.file)),
    };
    progress.end();
    if tally.added > 0 {
        audit::users_imported(tally.added, tally.present, tally.refused);
    }
    if outcome.is_ok() || tally.lines() > 0 {
        sum_up(&tally, &target).map_err(ImportError::Output)?;
    }
    outcome?;
    if tally.refused == 0 { Ok(()) } else { Err(ImportError::Refused(tally.refused)) }
}

/// Imports the lines in their order, with concurrent writes.
async fn import(
    reader: Reader,
    target: &Target,
    file: &Path,
    tally: &mut Tally,
    progress: &Progress,
) -> Result<(), ImportError> {
    let now = SystemClock.now();
    let outcomes = stream::iter(reader).map(async |line| {
        let (position, candidate) = line.map_err(|error| error.into_import_error(file))?;
        let outcome = match candidate {
            Ok(candidate) => target.take(position, candidate, now).await?,
            Err(fault) => Outcome::Refused(fault),
        };
        Ok::<_, ImportError>((position, outcome))
    });
    let mut outcomes = pin!(outcomes.buffered(IN_FLIGHT));
    let mut ticks = time::interval(progress.period());
    ticks.tick().await;
    let mut reached = LinePosition::default();
    loop {
        tokio::select! {
            outcome = outcomes.next() => {
                let Some(outcome) = outcome else { return Ok(()) };
                let (position, outcome) = outcome?;
                reached = position;
                if let Outcome::Refused(fault) = &outcome {
                    progress.print(&format!("line {}: {fault}", position.line));
                }
                tally.count(&outcome);
            }
            _ = ticks.tick() => progress.show(reached),
        }
    }
}

impl Target {
    async fn take(
        &self,
        position: LinePosition,
        candidate: Candidate,
        now: UnixSeconds,
    ) -> Result<Outcome, ImportError> {
        let Self::Store(store) = self else { return Ok(Outcome::Valid) };
        let Candidate { username, password, rights, is_disabled } = candidate;
        let user = User { is_disabled, ..new_user(username, password, rights, now)? };
        match store.add_user(&user).await {
            Ok(Added::Yes) => Ok(Outcome::Added),
            Ok(Added::UsernameTaken) => Ok(Outcome::Present),
            Err(StoreError::TooLarge { bytes, max }) => Ok(Outcome::Refused(Fault::TooLarge { bytes, max })),
            Err(error) => Err(ImportError::Store { line: position.line, error }),
        }
    }
}

impl Tally {
    fn lines(&self) -> u64 {
        self.added + self.present + self.valid + self.refused
    }

    fn count(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Added => &mut self.added,
            Outcome::Present => &mut self.present,
            Outcome::Valid => &mut self.valid,
            Outcome::Refused(_) => &mut self.refused,
        };
        *count += 1;
    }
}

/// The format of the option, or of the file's extension.
fn format_of(options: &UserImport) -> Result<Format, ImportError> {
    let extension = options.file.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    let by_name = match extension.as_deref() {
        Some("csv") => Some(Format::Csv),
        Some("jsonl" | "ndjson") => Some(Format::Jsonl),
        _ => None,
    };
    options.format.or(by_name).ok_or_else(|| ImportError::Format(options.file.clone()))
}

/// Opens the file. Returns its length, if that is known.
fn open(file: &Path) -> io::Result<(Box<dyn BufRead>, Option<u64>)> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let opened = File::open(file)?;
    let metadata = opened.metadata()?;
    Ok((Box::new(BufReader::new(opened)), metadata.is_file().then_some(metadata.len())))
}

fn sum_up(tally: &Tally, target: &Target) -> io::Result<()> {
    let Tally { added, present, valid, refused } = tally;
    let mut stdout = io::stdout();
    match target {
        Target::Nowhere => writeln!(stdout, "hallpass: valid lines: {valid}; refused: {refused}; nothing was imported"),
        Target::Store(_) => {
            writeln!(stdout, "hallpass: users added: {added}; existing, unchanged: {present}; lines refused: {refused}")
        }
    }
}
