//! Group commit: one thread makes many writes durable with one sync, and wakes the tasks that wait for them.

use std::{
    hash::{DefaultHasher, Hash, Hasher as _},
    io,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::watch;

use super::StoreError;

/// The thread that makes writes durable. Dropping it makes the last writes durable and ends the thread.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// How long a shareable write waits for others.
    patience: Duration,
    pending: Mutex<Pending>,
    changed: Condvar,
    progress: watch::Sender<Progress>,
    /// Apart from the progress, so that a sync does not wake the callers that wait for a failure.
    failure: watch::Sender<Option<StoreError>>,
    /// For each slot, the last write that can have changed a record of it. Records that share a slot wait for each other,
    /// which is rare with so many slots and few writes in flight.
    last_changes: Box<[AtomicU64]>,
}

const SLOTS: usize = 4096;

/// The number of writes up to a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(u64);

/// Whether a write starts a sync at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    Now,
    /// The write shares the sync of the next urgent write, or of all writes at the end of its patience.
    Shareable,
}

#[derive(Default)]
struct Pending {
    /// Writes so far, durable or not.
    written: u64,
    /// The last urgent one of them.
    urgent: u64,
    /// The last one that a sync covers, completed or running.
    taken: u64,
    closing: bool,
}

#[derive(Clone)]
enum Progress {
    /// The writes up to this number are durable.
    UpTo(u64),
    /// A sync failed. The kernel may have dropped unwritten data and may report success next time, so that no later
    /// sync can be trusted. The store stays failed until it is opened again.
    Failed(StoreError),
}

impl Committer {
    /// Starts the thread. `sync` returns once everything that was written before its call is on the disk. A shareable write
    /// waits for others for at most `patience`.
    pub(crate) fn start(
        patience: Duration,
        mut sync: impl FnMut() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let progress = watch::Sender::new(Progress::UpTo(0));
        let shared = Arc::new(Shared {
            patience,
            pending: Mutex::default(),
            changed: Condvar::new(),
            progress,
            failure: watch::Sender::new(None),
            last_changes: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        });
        let thread = thread::Builder::new().name("commit".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.commit_until_closed(&mut sync)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Makes a write in memory, to records with these keys. The write and its count are one step for all other tasks: a
    /// task that has read the data waits for the write by [`last_change`](Self::last_change) or
    /// [`last_write`](Self::last_write). A failed or panicked write counts too, since it can have changed something.
    pub(crate) fn write<T>(&self, keys: &[impl Hash], urgency: Urgency, write: impl FnOnce() -> T) -> (T, Position) {
        let mut pending = self.shared.pending();
        pending.written += 1;
        let position = pending.written;
        for key in keys {
            self.shared.slot(key).store(position, Ordering::SeqCst);
        }
        if urgency == Urgency::Now {
            pending.urgent = position;
        }
        // The first write that no sync has taken ends the thread's idle time, and its patience begins.
        if pending.taken + 1 == position || urgency == Urgency::Now {
            // This comes before the write, which may panic. The thread reads the count once the lock is free.
            self.shared.changed.notify_one();
        }
        let result = write();
        drop(pending);
        (result, Position(position))
    }

    /// After a read of the records with these keys: the last write that the read can depend on.
    pub(crate) fn last_change(&self, keys: &[impl Hash]) -> Position {
        let changes = keys.iter().map(|key| self.shared.slot(key).load(Ordering::SeqCst));
        Position(changes.max().unwrap_or_default())
    }

    /// After a read of any records: the last write that the read can depend on.
    pub(crate) fn last_write(&self) -> Position {
        Position(self.shared.pending().written)
    }

    /// Fails the store: no write becomes durable from now on.
    pub(crate) fn fail(&self, error: StoreError) {
        self.shared.fail(error);
    }

    /// Completes once the store has failed, and never otherwise.
    pub(crate) fn failed(&self) -> impl Future<Output = StoreError> + Send + use<> {
        let mut failure = self.shared.failure.subscribe();
        async move {
            let failure = failure.wait_for(Option::is_some).await.ok().and_then(|failure| failure.clone());
            match failure {
                Some(error) => error,
                // The store was closed.
                None => std::future::pending().await,
            }
        }
    }

    /// Waits until all writes up to a position are durable, and ends their wait for others.
    pub(crate) async fn durable_now(&self, position: Position) -> Result<(), StoreError> {
        if !position.is_reached(&self.shared.progress.borrow()) {
            self.shared.hasten(position);
        }
        self.durable(position).await
    }

    /// Waits until all writes up to a position are durable.
    pub(crate) async fn durable(&self, position: Position) -> Result<(), StoreError> {
        let reached = |progress: &Progress| position.is_reached(progress);
        match self.shared.progress.subscribe().wait_for(reached).await.as_deref() {
            Ok(Progress::UpTo(_)) => Ok(()),
            Ok(Progress::Failed(error)) => Err(error.clone()),
            Err(_) => Err(StoreError::Engine("the commit thread has ended".to_owned())),
        }
    }
}

impl Position {
    /// Whether the wait is over.
    fn is_reached(self, progress: &Progress) -> bool {
        match progress {
            Progress::UpTo(durable) => *durable >= self.0,
            Progress::Failed(_) => true,
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
        while let Some(target) = self.next_target() {
            // A panic that ended the thread would leave tasks waiting forever.
            let synced = panic::catch_unwind(AssertUnwindSafe(&mut *sync));
            if let Err(error) = synced.unwrap_or_else(|_| Err(io::Error::other("the sync panicked"))) {
                return self.fail(StoreError::Engine(error.to_string()));
            }
            self.progress.send_if_modified(|progress| match progress {
                Progress::UpTo(_) => {
                    *progress = Progress::UpTo(target);
                    true
                }
                Progress::Failed(_) => false,
            });
        }
    }

    fn fail(&self, error: StoreError) {
        tracing::error!(%error, "the store cannot make writes durable and stopped answering");
        self.progress.send_replace(Progress::Failed(error.clone()));
        self.failure.send_replace(Some(error));
    }

    /// Waits for writes that no sync has taken, and for others to share the sync. `None` once there are none left and the
    /// store closes.
    fn next_target(&self) -> Option<u64> {
        loop {
            let idle = |pending: &mut Pending| pending.written == pending.taken && !pending.closing;
            let pending = self.changed.wait_while(self.pending(), idle).unwrap_or_else(PoisonError::into_inner);
            let may_wait = |pending: &mut Pending| pending.urgent <= pending.taken && !pending.closing;
            let waited = self.changed.wait_timeout_while(pending, self.patience, may_wait);
            let (mut pending, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if pending.written > pending.taken {
                pending.taken = pending.written;
                return Some(pending.taken);
            }
            if pending.closing {
                return None;
            }
            // A panic of another thread ended the wait early.
        }
    }

    /// Starts the next sync at once.
    fn hasten(&self, Position(position): Position) {
        let mut pending = self.pending();
        pending.urgent = pending.urgent.max(position);
        self.changed.notify_one();
    }

    fn slot(&self, key: &impl Hash) -> &AtomicU64 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        // The remainder is less than the number of slots, which is a usize.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        let slot = (hasher.finish() % SLOTS as u64) as usize;
        &self.last_changes[slot]
    }

    /// A thread that panicked while it held the lock left a valid count.
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
