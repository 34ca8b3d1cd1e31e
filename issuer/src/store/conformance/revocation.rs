//! Sessions of a revoked refresh token key: all of them end, even if the work is interrupted, and no others end.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time;

use super::*;
use crate::{
    clock::{Clock as _, SystemClock},
    entropy::random_bytes,
    key_ring::{
        Home, Keeper, KeySettings, Kind, Lives, MasterKeySource, Signing, SigningAlgorithm, Timing, Wishes, decode,
        draw_fresh, encode,
    },
    metrics::Metrics,
    refresh_token::KeyId,
    session::State,
    sweeper::{AT_ONCE, end_revoked},
};

/// The master key of a store, for issuers and for commands that change keys.
pub(crate) struct Keys {
    folder: TempDir,
    source: MasterKeySource,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), source: MasterKeySource::default() }
    }

    /// The keeper of an issuer's keys.
    pub(crate) async fn keeper(&self, store: &Arc<dyn Store>) -> Keeper {
        let wishes = Wishes {
            timing: Timing { max_age: 300, lag: 30 },
            lives: Lives { access_tokens: 300, refresh_tokens: 5000 },
            signs: true,
        };
        let settings = KeySettings {
            issuer: "https://auth.example".into(),
            audience: "api".into(),
            signing: Signing::Ring(SigningAlgorithm::EdDsa),
            signing_period: None,
            refresh_period: None,
            wishes,
        };
        let store = Arc::clone(store);
        let clock = Box::new(SystemClock);
        let home = Home::Folder(self.folder.path());
        Keeper::start(store, clock, &self.source, home, settings, Metrics::new().keys).await.unwrap()
    }

    /// Revokes the refresh token key in use, as the command does.
    pub(crate) async fn revoke(&self, store: &dyn Store) {
        let master = self.source.find(Home::Folder(self.folder.path())).unwrap();
        let record = store.key_ring().await.unwrap().unwrap();
        let ring = decode(&record, &master).unwrap();
        let fresh = draw_fresh(&ring, &master).unwrap();
        let name = ring.in_use(Kind::RefreshTokens).unwrap().name.0.clone();
        let revoked = ring.revoke(&name, SystemClock.now(), &fresh).unwrap().0;
        let new = encode(&revoked, &master, random_bytes().unwrap());
        assert_eq!(store.swap_key_ring(Some(&record), &new).await.unwrap(), Swapped::Yes);
    }
}

/// The key that an issuer makes refresh tokens with.
pub(crate) fn key_in_use(keeper: &Keeper) -> KeyId {
    keeper.latest().keys.refresh_tokens.in_use().id()
}

/// Sessions of a hundred users whose first token is made with that key.
pub(crate) fn sessions_with(key: KeyId, ids: impl Iterator<Item = u128>) -> Vec<Session> {
    ids.map(|id| session_with(id % 100, id, key)).collect()
}

async fn ends_of(store: &dyn Store, sessions: &[Session]) -> usize {
    let found = join_all(sessions.iter().map(|session| store.session(session.id))).await;
    let is_ended = |session: &Session| session.state == State::Ended(End::KeyRevoked);
    found.into_iter().filter(|session| is_ended(session.as_ref().unwrap().as_ref().unwrap())).count()
}

pub(in crate::store) async fn only_the_sessions_of_a_revoked_key_end_even_after_an_interruption<B: Bench>() {
    const REVOKED: usize = 600;
    let (_bench, store) = B::open().await;
    let keys = Keys::new();
    let one = keys.keeper(&store).await;
    let two = keys.keeper(&store).await;
    // The ids spread over the whole range, as random ids do.
    let spread = |ids: std::ops::Range<u128>| ids.map(|id| id << 116);
    let revoked = sessions_with(key_in_use(&one), spread(0..REVOKED as u128));
    keys.revoke(&*store).await;
    // Sessions that a third issuer makes after the revocation. The first two do not know of it yet.
    let kept = sessions_with(key_in_use(&keys.keeper(&store).await), spread(1000..1100));
    join_all(revoked.iter().chain(&kept).map(|session| store.add_session(session))).await;

    one.fresh_view().await.unwrap();
    let cut = Arc::clone(&store);
    let keeper = Arc::new(one);
    let of_task = Arc::clone(&keeper);
    let task = tokio::spawn(async move { end_revoked(&*cut, &of_task).await.map(drop) });
    while ends_of(&*store, &revoked[..1]).await == 0 {
        time::sleep(Duration::from_millis(1)).await;
    }
    task.abort();
    drop(task.await);
    let before = ends_of(&*store, &revoked).await;
    assert!((1..REVOKED).contains(&before), "{before}");

    two.fresh_view().await.unwrap();
    let (first, second) = tokio::join!(end_revoked(&*store, &keeper), end_revoked(&*store, &two));
    let after = first.unwrap() + second.unwrap();
    // Each session is ended and logged once. Writes that the abort interrupted may have completed after the count.
    assert!((REVOKED - before).saturating_sub(AT_ONCE) <= after && after <= REVOKED - before, "{before}, {after}");
    assert_eq!((ends_of(&*store, &revoked).await, ends_of(&*store, &kept).await), (REVOKED, 0));
    assert_eq!(end_revoked(&*store, &two).await.unwrap(), 0);
}
