//! Group commit: one thread makes writes durable, many at a time, and wakes all who waited for them.

use std::{
    hash::{DefaultHasher, Hash, Hasher as _},
    io,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use tokio::sync::watch;

use super::StoreError;

/// The thread that makes writes durable. Dropping it makes the last ones durable and ends the thread.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    pending: Mutex<Pending>,
    changed: Condvar,
    progress: watch::Sender<Progress>,
    /// For the records of each slot, the last write that can have changed one. Records that share a slot wait for one
    /// another, which with so many and a few writes under way hardly ever happens.
    last_changes: Box<[AtomicU64]>,
}

const SLOTS: usize = 4096;

/// How many writes there had been at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(u64);

#[derive(Default)]
struct Pending {
    /// Writes so far, durable or not.
    written: u64,
    closing: bool,
}

#[derive(Clone)]
enum Progress {
    /// So many writes, counted from the first, are durable.
    UpTo(u64),
    /// A sync failed. The kernel may have dropped what was not written and may claim success next time, so that no
    /// later sync can be believed: the store stays failed until it is opened again.
    Failed(StoreError),
}

impl Committer {
    /// Starts the thread. `sync` returns once everything that was written before its call is on the disk.
    pub(crate) fn start(mut sync: impl FnMut() -> io::Result<()> + Send + 'static) -> io::Result<Self> {
        let progress = watch::Sender::new(Progress::UpTo(0));
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            changed: Condvar::new(),
            progress,
            last_changes: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        });
        let thread = thread::Builder::new().name("commit".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.commit_until_closed(&mut sync)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Makes a write in memory, to records with these keys; it becomes durable with all others of its moment. The write and
    /// its count are one step for everybody else: whoever has seen what was written waits for it, by
    /// [`last_change`](Self::last_change) or [`last_write`](Self::last_write). It counts whatever comes of it, a panic too,
    /// since a failed write can still have changed something.
    pub(crate) fn write<T>(&self, keys: &[impl Hash], write: impl FnOnce() -> T) -> (T, Position) {
        let mut pending = self.shared.pending();
        pending.written += 1;
        let position = pending.written;
        for key in keys {
            self.shared.slot(key).store(position, Ordering::SeqCst);
        }
        // Before the write, which may panic. The thread sees the count once the lock is free again.
        self.shared.changed.notify_one();
        let result = write();
        drop(pending);
        (result, Position(position))
    }

    /// After a read of the records with these keys: how far the writes must be durable that it can have seen.
    pub(crate) fn last_change(&self, keys: &[impl Hash]) -> Position {
        let changes = keys.iter().map(|key| self.shared.slot(key).load(Ordering::SeqCst));
        Position(changes.max().unwrap_or_default())
    }

    /// After a read of any records: how far the writes must be durable that it can have seen.
    pub(crate) fn last_write(&self) -> Position {
        Position(self.shared.pending().written)
    }

    /// Lets nothing become durable any more: what was written cannot be trusted.
    pub(crate) fn fail(&self, error: StoreError) {
        self.shared.fail(error);
    }

    /// Completes once nothing becomes durable any more, and never otherwise.
    pub(crate) fn failed(&self) -> impl Future<Output = StoreError> + Send + use<> {
        let mut progress = self.shared.progress.subscribe();
        async move {
            let failure = match progress.wait_for(|progress| matches!(progress, Progress::Failed(_))).await.as_deref() {
                Ok(Progress::Failed(error)) => Some(error.clone()),
                // The store was closed.
                Ok(Progress::UpTo(_)) | Err(_) => None,
            };
            match failure {
                Some(error) => error,
                None => std::future::pending().await,
            }
        }
    }

    /// Waits until everything that was written up to there is durable.
    pub(crate) async fn durable(&self, Position(target): Position) -> Result<(), StoreError> {
        let reached = |progress: &Progress| match progress {
            Progress::UpTo(durable) => *durable >= target,
            Progress::Failed(_) => true,
        };
        match self.shared.progress.subscribe().wait_for(reached).await.as_deref() {
            Ok(Progress::UpTo(_)) => Ok(()),
            Ok(Progress::Failed(error)) => Err(error.clone()),
            Err(_) => Err(StoreError::Engine("the commit thread has ended".to_owned())),
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.shared.pending().closing = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the commit thread panicked");
        }
    }
}

impl Shared {
    fn commit_until_closed(&self, sync: &mut dyn FnMut() -> io::Result<()>) {
        let mut durable = 0;
        while let Some(written) = self.next_target(durable) {
            // A thread that ended in silence would leave everybody waiting for ever.
            let synced = panic::catch_unwind(AssertUnwindSafe(&mut *sync));
            if let Err(error) = synced.unwrap_or_else(|_| Err(io::Error::other("the sync panicked"))) {
                return self.fail(StoreError::Engine(error.to_string()));
            }
            durable = written;
            self.progress.send_if_modified(|progress| match progress {
                Progress::UpTo(_) => {
                    *progress = Progress::UpTo(durable);
                    true
                }
                Progress::Failed(_) => false,
            });
        }
    }

    fn fail(&self, error: StoreError) {
        tracing::error!(%error, "the store cannot make writes durable; nothing more is answered from it");
        self.progress.send_replace(Progress::Failed(error));
    }

    /// Waits for writes that are not durable yet; `None` once there are none left and the store closes.
    fn next_target(&self, durable: u64) -> Option<u64> {
        let idle = |pending: &mut Pending| pending.written == durable && !pending.closing;
        let pending = self.changed.wait_while(self.pending(), idle).unwrap_or_else(PoisonError::into_inner);
        (pending.written > durable).then_some(pending.written)
    }

    fn slot(&self, key: &impl Hash) -> &AtomicU64 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        // The remainder is below the number of slots, and fits wherever that does.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        let slot = (hasher.finish() % SLOTS as u64) as usize;
        &self.last_changes[slot]
    }

    /// A thread that panicked while it counted left a count that is still true.
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
