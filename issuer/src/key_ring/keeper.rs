//! The keeper of an issuer's keys: it reads the ring every few seconds, takes the steps that are due, and provides a
//! view of the keys that is never too old.

use std::{sync::Arc, time::Duration};

use hallpass_token::UnixSeconds;
use tokio::{
    sync::{Mutex, watch as channel},
    time,
};

use super::{
    Home, LegacyKeys, MasterKey, MasterKeySource, OpenKeys, Ring, open,
    settings::KeySettings,
    watch::Watch,
    writer::{KeyRingError, RingWriter, SharedFault},
};
use crate::{
    clock::{Clock, Moment},
    entropy::random_bytes,
    metrics::KeyMetrics,
    store::{KeyRingRecord, Store},
};

/// The number of reads within the lag, so that a few reads may fail without an effect.
const READS_WITHIN_LAG: u64 = 6;

/// The keys, and the time of the read of their ring.
pub(crate) struct View {
    pub(crate) keys: Arc<OpenKeys>,
    read_at: Moment,
    read_on: UnixSeconds,
}

/// Keeps the keys of one issuer.
pub(crate) struct Keeper {
    store: Arc<dyn Store>,
    clock: Box<dyn Clock>,
    master: MasterKey,
    settings: KeySettings,
    metrics: KeyMetrics,
    views: channel::Sender<Arc<View>>,
    /// One read at a time. Callers during a read share the next one.
    ring_view: Mutex<RingView>,
}

/// The state between two reads.
struct RingView {
    watch: Watch,
    opened: Opened,
    /// The start and the error of the last read, if it failed. Callers that waited for it share its error, so that they
    /// do not wait for a slow store one after the other.
    failed: Option<(Moment, SharedFault)>,
}

/// The record of a ring, and its opened keys.
struct Opened {
    record: KeyRingRecord,
    keys: Arc<OpenKeys>,
}

impl Keeper {
    /// Reads the ring of a store, and creates it if the store has none. Imports the keys of an earlier version.
    pub(crate) async fn start(
        store: Arc<dyn Store>,
        clock: Box<dyn Clock>,
        source: &MasterKeySource,
        home: Home<'_>,
        settings: KeySettings,
        metrics: KeyMetrics,
    ) -> Result<Self, KeyRingError> {
        let legacy = match home {
            Home::Folder(folder) => LegacyKeys::read(folder)?,
            Home::Shared => None,
        };
        let master = master_key(&*store, source, home, legacy.as_ref()).await?;
        let at = clock.moment();
        let on = clock.now();
        let writer = RingWriter { store: &*store, clock: &*clock, master: &master, settings: &settings };
        let mut watch = Watch::default();
        let (record, ring) = writer.settle(&mut watch, |found| writer.begun(found, legacy.as_ref())).await?;
        let keys = Arc::new(open::open(&ring, &master, &settings)?);
        if let Some(legacy) = legacy {
            legacy.retire(&ring)?;
        }
        metrics.read(on);
        let view = Arc::new(View { keys: Arc::clone(&keys), read_at: at, read_on: on });
        let ring_view = Mutex::new(RingView { watch, opened: Opened { record, keys }, failed: None });
        Ok(Self { store, clock, master, settings, metrics, views: channel::Sender::new(view), ring_view })
    }

    /// The last view of this issuer. It may be too old for new tokens.
    pub(crate) fn latest(&self) -> Arc<View> {
        Arc::clone(&self.views.borrow())
    }

    /// A fresh view; reads the ring again if the last view is too old. So no issuer uses a key for longer than `lag`
    /// after a change of the ring, and a machine that slept reads before it answers.
    pub(crate) async fn view(&self) -> Result<Arc<View>, KeyRingError> {
        let view = self.latest();
        if self.is_fresh(&view) { Ok(view) } else { self.view_after(self.clock.moment()).await }
    }

    /// A view from after `moment`: a token with an unknown key may come from an issuer with a newer ring. Concurrent
    /// callers share a read, so that garbage tokens cause one read at a time.
    pub(crate) async fn view_after(&self, moment: Moment) -> Result<Arc<View>, KeyRingError> {
        let mut ring_view = self.ring_view.lock().await;
        let view = self.latest();
        if view.read_at > moment && self.is_fresh(&view) {
            return Ok(view);
        }
        if let Some((_, fault)) = ring_view.failed.as_ref().filter(|(began_at, _)| *began_at > moment) {
            return Err(KeyRingError::Shared(fault.clone()));
        }
        let began_at = self.clock.moment();
        let read = self.read(&mut ring_view).await;
        ring_view.failed = read.as_ref().err().map(|fault| (began_at, fault.to_shared()));
        if read.is_err() {
            self.metrics.read_failed();
        }
        read
    }

    /// A view by a read that begins after this call.
    pub(crate) async fn fresh_view(&self) -> Result<Arc<View>, KeyRingError> {
        self.view_after(self.clock.moment()).await
    }

    /// Completes when a refresh token key of `known` has left the ring.
    pub(crate) async fn lost_refresh_key(&self, known: &View) {
        let known = known.keys.refresh_tokens.live();
        let mut views = self.views.subscribe();
        // The wait fails only without a keeper, and this is the keeper.
        drop(views.wait_for(|view| view.keys.refresh_tokens.live().lack_any_of(known)).await);
    }

    /// Reads the ring every few seconds, forever.
    pub(crate) async fn run(&self) {
        let mut has_failed = false;
        loop {
            time::sleep(self.pause()).await;
            match self.view_after(self.clock.moment()).await {
                Ok(_) => has_failed = false,
                Err(_) if has_failed => {}
                Err(error) => {
                    tracing::warn!(%error, "the key ring could not be read");
                    has_failed = true;
                }
            }
        }
    }

    /// The seconds for which a verifier may keep the key set of this view; `None` if fewer than the lag are left.
    pub(crate) fn freshness(&self, view: &View) -> Option<u64> {
        let left = self.settings.wishes.timing.max_age.saturating_sub(self.age(view));
        (left >= self.settings.wishes.timing.lag).then_some(left)
    }

    fn is_fresh(&self, view: &View) -> bool {
        self.age(view) <= self.settings.wishes.timing.lag
    }

    /// The maximum age of a view in seconds: by the monotonic clock, or by the time of day if the monotonic clock
    /// stopped while the machine slept.
    fn age(&self, view: &View) -> u64 {
        let elapsed = self.clock.moment().millis_since(view.read_at).div_ceil(1000);
        elapsed.max(self.clock.now().seconds_since(view.read_on))
    }

    /// A sixth of the lag, reduced at random, so that issuers do not read at the same time.
    fn pause(&self) -> Duration {
        let longest = self.settings.wishes.timing.lag * 1000 / READS_WITHIN_LAG;
        let [random] = random_bytes().unwrap_or([0]);
        Duration::from_millis(longest - longest * u64::from(random) / 1024)
    }

    async fn read(&self, ring_view: &mut RingView) -> Result<Arc<View>, KeyRingError> {
        let read_at = self.clock.moment();
        let read_on = self.clock.now();
        let writer =
            RingWriter { store: &*self.store, clock: &*self.clock, master: &self.master, settings: &self.settings };
        let found = |ring: Option<&Ring>| ring.cloned().ok_or(KeyRingError::Lost);
        let (record, ring) = writer.settle(&mut ring_view.watch, found).await?;
        if record != ring_view.opened.record {
            let keys = Arc::new(open::open(&ring, &self.master, &self.settings)?);
            ring_view.opened = Opened { record, keys };
        }
        let view = Arc::new(View { keys: Arc::clone(&ring_view.opened.keys), read_at, read_on });
        self.views.send_replace(Arc::clone(&view));
        self.metrics.read(read_on);
        Ok(view)
    }
}

/// The master key of a store. For a store without a ring, it is created if necessary.
async fn master_key(
    store: &dyn Store,
    source: &MasterKeySource,
    home: Home<'_>,
    legacy: Option<&LegacyKeys>,
) -> Result<MasterKey, KeyRingError> {
    if store.key_ring().await?.is_some() {
        return Ok(source.find(home)?);
    }
    if legacy.is_none() && !store.sessions_after(None, 1).await?.is_empty() {
        tracing::warn!("the store has sessions but no keys: new keys were created, and all sessions are invalid");
    }
    Ok(source.find_or_make(home)?)
}
