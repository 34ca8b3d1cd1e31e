//! Issuers over one real store: they agree, detect each other's changes, resume after a restart, and never use a view
//! that is too old.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::join_all;
use tempfile::TempDir;

use super::*;
use crate::{
    clock::Clock,
    entropy::random_bytes,
    metrics::Metrics,
    store::{KeyRingRecord, Store, Swapped, sled::SledStore},
};

/// A clock that the test moves: the time of day and the elapsed time, separately.
#[derive(Clone, Default)]
pub(super) struct TestClock {
    day: Arc<AtomicU64>,
    passed: Arc<AtomicU64>,
}

impl TestClock {
    pub(super) fn advance(&self, seconds: u64) {
        self.day.fetch_add(seconds, Ordering::SeqCst);
        self.passed.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixSeconds {
        at(self.day.load(Ordering::SeqCst))
    }

    fn moment(&self) -> Moment {
        // The moment of the elapsed seconds.
        Moment::from_millis(self.passed.load(Ordering::SeqCst) * 1000)
    }
}

/// A store in a folder, and its clock.
pub(super) struct Fixture {
    pub(super) folder: TempDir,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: TestClock,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SledStore::open(&folder.path().join("sled")).unwrap());
        Self { folder, store, clock: TestClock::default() }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) async fn try_start(&self, algorithm: SigningAlgorithm) -> Result<Keeper, KeyRingError> {
        let settings = KeySettings {
            issuer: "https://auth.example".into(),
            audience: "api".into(),
            signing: Signing::Ring(algorithm),
            signing_period: Some(30 * DAY),
            refresh_period: Some(90 * DAY),
            wishes: WISHES,
        };
        let store = Arc::clone(&self.store);
        let clock = Box::new(self.clock.clone());
        let source = MasterKeySource::default();
        let home = Home::Folder(self.path());
        Keeper::start(store, clock, &source, home, settings, Metrics::new().keys).await
    }

    pub(super) async fn start(&self) -> Keeper {
        self.try_start(SigningAlgorithm::EdDsa).await.unwrap()
    }

    fn master(&self) -> MasterKey {
        MasterKeySource::default().find(Home::Folder(self.path())).unwrap()
    }

    async fn ring(&self) -> (KeyRingRecord, Ring) {
        let record = self.store.key_ring().await.unwrap().unwrap();
        let ring = decode(&record, &self.master()).unwrap();
        (record, ring)
    }

    /// Changes the ring as a command does.
    async fn order(&self, change: impl Fn(&Ring, &Fresh) -> Ring) -> Ring {
        let (record, ring) = self.ring().await;
        let fresh = draw_fresh(&ring, &self.master()).unwrap();
        let changed = change(&ring, &fresh);
        let new = encode(&changed, &self.master(), random_bytes().unwrap());
        assert_eq!(self.store.swap_key_ring(Some(&record), &new).await.unwrap(), Swapped::Yes);
        changed
    }

    async fn rotate(&self) -> Ring {
        let now = self.clock.now();
        self.order(|ring, fresh| ring.rotate(Kind::Signing, now, fresh).unwrap().0).await
    }

    /// Time passes while an issuer reads every five seconds.
    async fn live(&self, keeper: &Keeper, seconds: u64) {
        for _ in 0..seconds / 5 {
            self.clock.advance(5);
            keeper.view_after(self.clock.moment()).await.unwrap();
        }
    }
}

fn kid(keeper: &Keeper) -> String {
    keeper.latest().keys.signer.key_id().unwrap().to_owned()
}

fn published(keeper: &Keeper) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_str(&keeper.latest().keys.key_set).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn issuers_that_start_at_once_agree_on_one_key() {
    for _ in 0..10 {
        let house = Fixture::new();
        MasterKeySource::default().find_or_make(Home::Folder(house.path())).unwrap();
        let keepers = join_all((0..8).map(|_| house.start())).await;
        let first = kid(&keepers[0]);
        assert!(keepers.iter().all(|keeper| kid(keeper) == first));
        assert_eq!(house.ring().await.1.keys.len(), 4);
    }
}

#[tokio::test]
async fn an_issuer_takes_the_key_that_another_put_into_use_and_knew_it_before() {
    let house = Fixture::new();
    let one = house.start().await;
    let other = house.start().await;
    house.live(&one, 335).await;
    house.rotate().await;
    house.live(&one, 60).await;
    assert_ne!(kid(&one), kid(&other));
    assert!(published(&other).contains(&kid(&one)));
    // Its view is too old, so that it reads first.
    assert_eq!(other.view().await.unwrap().keys.signer.key_id().unwrap(), kid(&one));
}

#[tokio::test]
async fn a_restart_in_every_stage_resumes_the_same_state() {
    let house = Fixture::new();
    let mut keeper = house.start().await;
    let mut stages = Vec::new();
    // Fresh; an ordered rotation waits; the key is in use and the previous one retired; the previous one is removed.
    for (order, seconds) in [(false, 10), (true, 10), (false, 330), (false, 400), (false, 800)] {
        if order {
            house.rotate().await;
        }
        house.live(&keeper, seconds).await;
        let before = (kid(&keeper), published(&keeper), house.ring().await);
        drop(keeper);
        keeper = house.start().await;
        assert_eq!((kid(&keeper), published(&keeper), house.ring().await), before);
        let (used, waiting, retired) = stages_of(&before.2.1);
        stages.push((used, waiting, retired));
    }
    assert_eq!(stages, [(1, 1, 0), (1, 1, 0), (1, 1, 1), (1, 1, 1), (1, 1, 0)]);
}

fn stages_of(ring: &Ring) -> (usize, usize, usize) {
    let (used, waiting, retired) = stages(ring, Kind::Signing);
    (used.len(), waiting.len(), retired.len())
}

#[tokio::test]
async fn a_view_that_cannot_be_renewed_is_used_for_no_longer_than_its_bound() {
    let house = Fixture::new();
    let keeper = house.start().await;
    let other = MasterKey::new(&[9; 32]);
    let (record, ring) = house.ring().await;
    let resealed = encode(&reseal(&ring, &house.master(), &other).unwrap(), &other, [1; 12]);
    house.store.swap_key_ring(Some(&record), &resealed).await.unwrap();
    house.clock.advance(30);
    assert!(keeper.view().await.is_ok());
    house.clock.advance(1);
    assert!(matches!(keeper.view().await, Err(KeyRingError::Record(InvalidRing::NotOpened(_)))));
    // A caller from before that read began shares its error.
    let requested_at = Moment::from_millis(30_000);
    assert!(matches!(keeper.view_after(requested_at).await, Err(KeyRingError::Shared(_))));
    // The public keys are served while they are certainly valid, with a decreasing freshness.
    let view = keeper.latest();
    assert_eq!(keeper.freshness(&view), Some(269));
    house.clock.advance(239);
    assert_eq!(keeper.freshness(&view), Some(30));
    house.clock.advance(1);
    assert_eq!(keeper.freshness(&view), None);
}

#[tokio::test]
async fn a_machine_that_slept_reads_the_ring_before_it_signs() {
    let house = Fixture::new();
    let keeper = house.start().await;
    let used = kid(&keeper);
    let now = house.clock.now();
    house.order(|ring, fresh| ring.revoke(&used, now, fresh).unwrap().0).await;
    // The time of day moved, and the monotonic clock stood still.
    house.clock.day.fetch_add(3600, Ordering::SeqCst);
    assert_ne!(keeper.view().await.unwrap().keys.signer.key_id().unwrap(), used);
}

#[tokio::test]
async fn a_wrong_or_missing_master_key_is_an_error_and_changes_nothing() {
    let house = Fixture::new();
    drop(house.start().await);
    let before = house.ring().await;
    let file = house.path().join("master.key");
    let text = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let missing = house.try_start(SigningAlgorithm::EdDsa).await;
    assert!(matches!(missing, Err(KeyRingError::MasterKey(MasterKeyError::Missing { .. }))));
    MasterKeySource::default().find_or_make(Home::Folder(house.path())).unwrap();
    let wrong = house.try_start(SigningAlgorithm::EdDsa).await;
    assert!(matches!(wrong, Err(KeyRingError::Record(InvalidRing::NotOpened(_)))));
    std::fs::write(&file, text).unwrap();
    assert_eq!(house.ring().await, before);
    assert!(house.try_start(SigningAlgorithm::EdDsa).await.is_ok());
}

#[tokio::test]
async fn the_last_started_issuer_sets_the_algorithm_and_the_others_keep_it() {
    let house = Fixture::new();
    let old = house.start().await;
    let new = house.try_start(SigningAlgorithm::Es256).await.unwrap();
    for _ in 0..100 {
        house.live(&old, 5).await;
        house.live(&new, 5).await;
    }
    let ring = house.ring().await.1;
    assert_eq!(ring.in_use(Kind::Signing).unwrap().purpose, Purpose::Signing(SigningAlgorithm::Es256));
    assert_eq!(kid(&old), kid(&new));
    assert_eq!(house.ring().await.1, ring);
}
