//! A copy of a store: compared first, then made, then compared again. It never changes a record that is there, so that a
//! store that has been in use since is not thrown back; and what a copy that was cut short left is gone on with.

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

/// Records that are read at once.
const PAGE: usize = 1000;

/// Records that are on their way to the disk at once.
const IN_FLIGHT: usize = 256;

/// Why a store was not copied, or not whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error("the store to copy into has keys of its own: an issuer has been started on it. Copy into an empty one")]
    OtherKeys,
    #[error("the store to copy into holds {0}, who is not in the other: copy into an empty one")]
    Foreign(String),
    #[error(
        "{0} is not the same in both stores: one of them has been in use since. Copy into an empty one, while no issuer runs"
    )]
    Different(String),
    #[error(
        "{0} was there a moment ago, and is in one of the stores alone: an issuer is running. Stop it, and copy again"
    )]
    Moved(String),
    #[error("the store to copy from: {0}")]
    Source(StoreError),
    #[error("the store to copy into: {0}; the copy can be run again")]
    Target(StoreError),
    #[error("progress cannot be shown: {0}")]
    Output(#[from] io::Error),
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) users: Tally,
    pub(super) sessions: Tally,
    /// Whether there were keys to copy.
    pub(super) keys: bool,
}

/// How many records were copied, and how many were there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) present: u64,
}

/// A kind of record that a store lists in the order of ids.
trait Kind: PartialEq + Send + Sync + Sized {
    /// What a person calls several.
    const NAME: &str;
    fn id(&self) -> Uuid;
    fn name(&self) -> String;
    fn after(store: &dyn Store, after: Option<Uuid>) -> StoreFuture<'_, Vec<Self>>;
    async fn add(&self, store: &dyn Store) -> Result<(), CopyError>;
}

/// What becomes of a record that the target lacks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Counts,
    IsAdded,
    IsAFault,
}

/// Copies all of `source` into `target`.
pub(super) async fn run(source: &dyn Store, target: &dyn Store) -> Result<Copied, CopyError> {
    // Nothing is written before all of the target is known to be of the same source.
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
    let there = target.key_ring().await.map_err(CopyError::Target)?;
    match (&ring, there) {
        (ring, there) if *ring == there => {}
        (Some(ring), None) => {
            if target.swap_key_ring(None, ring).await.map_err(CopyError::Target)? == Swapped::Conflict {
                return Err(CopyError::OtherKeys);
            }
        }
        (_, Some(_)) | (None, None) => return Err(CopyError::OtherKeys),
    }
    Ok(ring.is_some())
}

/// Goes through both stores side by side.
async fn compare<K: Kind>(
    source: &dyn Store,
    target: &dyn Store,
    missing: Missing,
    expected: u64,
) -> Result<Tally, CopyError> {
    let (mut tally, mut after, mut there) = (Tally::default(), None, Cursor::<K>::new(target));
    let mut progress = Progress::new(K::NAME, expected);
    loop {
        let page = K::after(source, after).await.map_err(CopyError::Source)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id());
        let mut lacking = Vec::new();
        for record in page {
            match there.advance_to(&record).await? {
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
    there.end().await?;
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
