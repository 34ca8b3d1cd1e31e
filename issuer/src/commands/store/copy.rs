//! Copies a store: compares, copies, then compares again. It never changes an existing record, so it cannot set back a store
//! that was in use meanwhile; and it resumes an interrupted copy.

use std::{io, pin::pin};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use crate::{
    id::{SessionId, UserId},
    session::Session,
    store::{Added, Store, StoreError, StoreFuture, Swapped},
    user::User,
};

mod cursor;
mod progress;

use cursor::Cursor;
use progress::Progress;

/// Records per read.
const PAGE: usize = 1000;

/// Concurrent writes.
const IN_FLIGHT: usize = 256;

/// Why a store was not copied, or not completely.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error("the target store has other keys, since an issuer has run on it: copy into an empty store")]
    OtherKeys,
    #[error("the target store has {0}, which the source store does not have: copy into an empty store")]
    Foreign(String),
    #[error("{0} differs between the stores, since one was in use: copy into an empty store while no issuer runs")]
    Different(String),
    #[error("{0} changed during the copy, so an issuer is running: stop it, and copy again")]
    Moved(String),
    #[error("the source store: {0}")]
    Source(StoreError),
    #[error("the target store: {0}; copy again to resume")]
    Target(StoreError),
    #[error("cannot show the progress: {0}")]
    Output(#[from] io::Error),
}

/// The result of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) users: Tally,
    pub(super) sessions: Tally,
    /// Whether the source has keys.
    pub(super) keys: bool,
}

/// The numbers of copied and of existing records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) present: u64,
}

/// A kind of record that a store lists in the order of ids.
trait Kind: PartialEq + Send + Sync + Sized {
    /// The plural, for the output.
    const NAME: &str;
    fn id(&self) -> Uuid;
    fn name(&self) -> String;
    fn after(store: &dyn Store, after: Option<Uuid>) -> StoreFuture<'_, Vec<Self>>;
    async fn add(&self, store: &dyn Store) -> Result<(), CopyError>;
}

/// The handling of a record that is missing in the target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Counts,
    IsAdded,
    IsAFault,
}

/// Copies all of `source` into `target`.
pub(super) async fn run(source: &dyn Store, target: &dyn Store) -> Result<Copied, CopyError> {
    // Nothing is written before each record of the target is known to be a copy from this source.
    let expected = [
        compare::<User>(source, target, Missing::Counts, 0).await?.added,
        compare::<Session>(source, target, Missing::Counts, 0).await?.added,
    ];
    let keys = copy_keys(source, target).await?;
    let users = compare::<User>(source, target, Missing::IsAdded, expected[0]).await?;
    let sessions = compare::<Session>(source, target, Missing::IsAdded, expected[1]).await?;
    compare::<User>(source, target, Missing::IsAFault, 0).await?;
    compare::<Session>(source, target, Missing::IsAFault, 0).await?;
    if source.key_ring().await.map_err(CopyError::Source)? != target.key_ring().await.map_err(CopyError::Target)? {
        return Err(CopyError::Moved("the key ring".to_owned()));
    }
    Ok(Copied { users, sessions, keys })
}

async fn copy_keys(source: &dyn Store, target: &dyn Store) -> Result<bool, CopyError> {
    let ring = source.key_ring().await.map_err(CopyError::Source)?;
    let existing = target.key_ring().await.map_err(CopyError::Target)?;
    match (&ring, existing) {
        (ring, existing) if *ring == existing => {}
        (Some(ring), None) => {
            if target.swap_key_ring(None, ring).await.map_err(CopyError::Target)? == Swapped::Conflict {
                return Err(CopyError::OtherKeys);
            }
        }
        (_, Some(_)) | (None, None) => return Err(CopyError::OtherKeys),
    }
    Ok(ring.is_some())
}

/// Compares both stores record by record.
async fn compare<K: Kind>(
    source: &dyn Store,
    target: &dyn Store,
    missing: Missing,
    expected: u64,
) -> Result<Tally, CopyError> {
    let mut tally = Tally::default();
    let mut after = None;
    let mut existing = Cursor::<K>::new(target);
    let mut progress = Progress::new(K::NAME, expected);
    loop {
        let page = K::after(source, after).await.map_err(CopyError::Source)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id());
        let mut lacking = Vec::new();
        for record in page {
            match existing.advance_to(&record).await? {
                true => tally.present += 1,
                false if missing == Missing::IsAFault => return Err(CopyError::Moved(record.name())),
                false => lacking.push(record),
            }
        }
        tally.added += u64::try_from(lacking.len()).unwrap_or_default();
        if missing == Missing::IsAdded {
            let additions = stream::iter(&lacking).map(|record| record.add(target));
            pin!(additions.buffer_unordered(IN_FLIGHT)).try_collect::<()>().await?;
            progress.show(tally.added)?;
        }
    }
    existing.end().await?;
    Ok(tally)
}

impl Kind for User {
    const NAME: &str = "users";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn name(&self) -> String {
        format!("the user {}", self.username)
    }

    fn after(store: &dyn Store, after: Option<Uuid>) -> StoreFuture<'_, Vec<Self>> {
        store.users_after(after.map(UserId), PAGE)
    }

    async fn add(&self, store: &dyn Store) -> Result<(), CopyError> {
        match store.add_user(self).await.map_err(CopyError::Target)? {
            Added::Yes => Ok(()),
            Added::UsernameTaken => Err(CopyError::Different(self.name())),
        }
    }
}

impl Kind for Session {
    const NAME: &str = "sessions";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn name(&self) -> String {
        format!("the session {}", self.id)
    }

    fn after(store: &dyn Store, after: Option<Uuid>) -> StoreFuture<'_, Vec<Self>> {
        store.sessions_after(after.map(SessionId), PAGE)
    }

    async fn add(&self, store: &dyn Store) -> Result<(), CopyError> {
        store.add_session(self).await.map_err(CopyError::Target)
    }
}
