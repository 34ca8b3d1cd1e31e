//! The verifier with the newest keys, and the single fetch that renews them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hallpass_token::{Issuer, KeySet, Policy, SkippedKey, Verifier};
use http::{HeaderValue, Uri};
use tokio::{sync::watch, time::Instant};

use super::{
    KeysUnreachable, RemoteKeys,
    fetch::{Client, Fetched},
    schedule::{Schedule, Step},
};

/// An issuer's keys, bound to its name and a policy.
pub(crate) struct Bound {
    url: Uri,
    client: Client,
    issuer: String,
    policy: Policy,
    state: Mutex<State>,
}

struct State {
    schedule: Schedule,
    verifier: Option<Arc<Verifier>>,
    etag: Option<HeaderValue>,
    text: String,
    /// The error of the last fetch.
    failure: Arc<str>,
    /// The fetch in progress. Its sender is dropped when the fetch ends, also by a panic.
    in_progress: Option<watch::Receiver<()>>,
}

impl Bound {
    pub(super) fn new(keys: RemoteKeys, issuer: String, policy: Policy) -> Self {
        let state = State {
            schedule: Schedule::new(keys.limits),
            verifier: None,
            etag: None,
            text: String::new(),
            failure: "no attempt yet".into(),
            in_progress: None,
        };
        Self { url: keys.url, client: keys.client, issuer, policy, state: Mutex::new(state) }
    }

    /// The verifier with valid keys; fetches them if required.
    pub(crate) async fn current(self: &Arc<Self>) -> Result<Arc<Verifier>, KeysUnreachable> {
        let (step, verifier) = {
            let state = self.state();
            (state.schedule.step(Instant::now()), state.verifier.clone())
        };
        match (step, verifier) {
            (Step::Use | Step::UseStale, Some(verifier)) => Ok(verifier),
            (Step::UseAndRenew, Some(verifier)) => {
                self.start_fetch();
                Ok(verifier)
            }
            (Step::Refuse { .. }, _) => Err(self.unreachable()),
            _ => {
                self.fetch().await;
                let state = self.state();
                let usable = state.verifier.clone().filter(|_| state.schedule.is_usable(Instant::now()));
                drop(state);
                usable.ok_or_else(|| self.unreachable())
            }
        }
    }

    /// Newer keys than those without a token's `kid`, if a fetch is permitted now and returns other keys.
    pub(crate) async fn newer(self: &Arc<Self>) -> Option<Arc<Verifier>> {
        let before = {
            let mut state = self.state();
            // A request during a fetch waits for it, whatever its reason.
            if state.in_progress.is_none() && !state.schedule.may_reload(Instant::now()) {
                return None;
            }
            state.verifier.clone()?
        };
        self.fetch().await;
        self.state().verifier.clone().filter(|now| !Arc::ptr_eq(now, &before))
    }

    /// Waits for the fetch in progress, or for a new one.
    async fn fetch(self: &Arc<Self>) {
        let mut end = self.start_fetch();
        // The error is expected: the fetch has ended and dropped its sender.
        drop(end.changed().await);
    }

    /// Starts a fetch in its own task, unless one is in progress. A canceled request does not end it for others.
    fn start_fetch(self: &Arc<Self>) -> watch::Receiver<()> {
        let mut state = self.state();
        if let Some(in_progress) = &state.in_progress
            && in_progress.has_changed().is_ok()
        {
            return in_progress.clone();
        }
        let (ended, end) = watch::channel(());
        state.in_progress = Some(end.clone());
        let etag = state.etag.clone();
        drop(state);
        let bound = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = bound.client.fetch(&bound.url, etag.as_ref()).await;
            bound.settle(fetched);
            drop(ended);
        });
        end
    }

    fn settle(&self, fetched: Result<Fetched, String>) {
        let outcome = match fetched {
            Ok(Fetched::Unchanged { freshness }) => Ok((None, freshness)),
            Ok(Fetched::Keys { text, etag, freshness }) => {
                self.bind(&text).map(|new| (Some((new, text, etag)), freshness))
            }
            Err(failure) => Err(failure),
        };
        let mut state = self.state();
        state.in_progress = None;
        match outcome {
            Ok((None, freshness)) => state.schedule.confirm_unchanged(freshness, Instant::now()),
            Ok((Some((verifier, text, etag)), freshness)) => {
                state.schedule.confirm(freshness, Instant::now());
                // Unchanged keys keep their verifier and its tables.
                if state.text != text {
                    state.verifier = Some(Arc::new(verifier));
                    state.text = text;
                }
                state.etag = etag;
            }
            Err(failure) => {
                tracing::warn!(url = %self.url, failure, "the key set could not be fetched");
                state.failure = failure.into();
                state.schedule.fail(jitter(), Instant::now());
            }
        }
    }

    /// A verifier with new keys. An invalid set is an error, and replaces nothing.
    fn bind(&self, text: &str) -> Result<Verifier, String> {
        let keys = KeySet::from_json(text).map_err(|error| error.to_string())?;
        for SkippedKey { index, kid, reason } in keys.skipped() {
            tracing::info!(url = %self.url, index, kid, %reason, "a key of the key set is not used");
        }
        Ok(Verifier::new(self.policy.clone(), Issuer::named(self.issuer.as_str(), keys)))
    }

    /// The verifier with the last fetched keys, however old.
    pub(crate) fn latest(&self) -> Option<Arc<Verifier>> {
        self.state().verifier.clone()
    }

    fn unreachable(&self) -> KeysUnreachable {
        let state = self.state();
        let retry_after = state.schedule.pause_left(Instant::now()).unwrap_or_default();
        KeysUnreachable { url: self.url.to_string(), reason: Arc::clone(&state.failure), retry_after }
    }

    /// A panic leaves no partial state: each holder of the lock writes once, at its end.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A random byte that spreads the attempts of many verifiers. It is no secret, so 0 is fine without randomness.
#[expect(clippy::disallowed_methods, reason = "the only place in this crate that draws randomness")]
fn jitter() -> u8 {
    let mut byte = [0];
    getrandom::fill(&mut byte).map_or(0, |()| byte[0])
}
