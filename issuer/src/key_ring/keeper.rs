//! The keeper of an issuer's keys: reads the ring every few seconds, takes the steps that are due, and hands out a view of
//! the keys that is never too old.

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

/// How often the ring is read within the time that a view may be old: a few reads may fail before anybody notices.
const READS_WITHIN_LAG: u64 = 6;

/// The keys, and when the ring was read that has them.
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
    /// One read at a time: those who come meanwhile share the next.
    ring_view: Mutex<RingView>,
}

/// What the reads remember of each other.
struct RingView {
    watch: Watch,
    opened: Opened,
    /// When the last read began and why it failed, if it did: whoever waited meanwhile does not try once more, so that a
    /// store that is slow to fail is not waited for in turn.
    failed: Option<(Moment, SharedFault)>,
}

/// A ring whose keys were opened, as the store had it.
struct Opened {
    record: KeyRingRecord,
    keys: Arc<OpenKeys>,
}

impl Keeper {
    /// Reads the ring of a store, and makes it where there is none; takes over the keys of an earlier version.
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

    /// The keys as this issuer has them. They may be too old to make anything with.
    pub(crate) fn latest(&self) -> Arc<View> {
        Arc::clone(&self.views.borrow())
    }

    /// The keys, read again where they are too old. So no issuer ever goes on with a key for longer than `lag` after the
    /// ring has changed, and a machine that slept reads before it answers.
    pub(crate) async fn view(&self) -> Result<Arc<View>, KeyRingError> {
        let view = self.latest();
        if self.is_fresh(&view) { Ok(view) } else { self.view_after(self.clock.moment()).await }
    }

    /// The keys as they are after `moment`: what names a key that is not among ours may be another issuer's, which knows
    /// more. Those who ask at once share a read, so that garbage costs no more than one at a time.
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

    /// The keys as they are now, by a read that begins after this call.
    pub(crate) async fn fresh_view(&self) -> Result<Arc<View>, KeyRingError> {
        self.view_after(self.clock.moment()).await
    }

    /// Completes when a key of refresh tokens that `known` has is in the ring no longer.
    pub(crate) async fn lost_refresh_key(&self, known: &View) {
        let known = known.keys.refresh_tokens.live();
        let mut views = self.views.subscribe();
        // It ends with an error where there is no keeper any more, and this is one.
        drop(views.wait_for(|view| view.keys.refresh_tokens.live().lack_any_of(known)).await);
    }

    /// Reads the ring every few seconds, for ever.
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

    /// For how many seconds a verifier may keep the key set of this view; `None` where it would be too short to be kept to.
    pub(crate) fn freshness(&self, view: &View) -> Option<u64> {
        let left = self.settings.wishes.timing.max_age.saturating_sub(self.age(view));
        (left >= self.settings.wishes.timing.lag).then_some(left)
    }

    fn is_fresh(&self, view: &View) -> bool {
        self.age(view) <= self.settings.wishes.timing.lag
    }

    /// How many seconds ago the ring of a view was read, at most: by the clock that never jumps, or, where it stood still
    /// because the machine slept, by the time of day.
    fn age(&self, view: &View) -> u64 {
        let elapsed = self.clock.moment().millis_since(view.read_at).div_ceil(1000);
        elapsed.max(self.clock.now().seconds_since(view.read_on))
    }

    /// A sixth of the lag, a little less at random, so that many issuers do not read at the same moments.
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

/// The master key of a store; where the store has no ring yet, that of the ring that will be made.
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
        tracing::warn!(
            "the store has sessions, but its keys are missing: new ones are made, and every session is over"
        );
    }
    Ok(source.find_or_make(home)?)
}
