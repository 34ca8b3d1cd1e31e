//! Keys at work: the verifier that is bound to the newest ones, and the one fetch that renews them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hallpass_token::{Issuer, KeySet, Policy, Verifier};
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
    /// What the last fetch failed of.
    failure: Arc<str>,
    /// Ends with the fetch that is under way: its sender is dropped then, come what may.
    under_way: Option<watch::Receiver<()>>,
}

impl Bound {
    pub(super) fn new(keys: RemoteKeys, issuer: String, policy: Policy) -> Self {
        let state = State {
            schedule: Schedule::new(keys.limits),
            verifier: None,
            etag: None,
            text: String::new(),
            failure: "it was not tried yet".into(),
            under_way: None,
        };
        Self { url: keys.url, client: keys.client, issuer, policy, state: Mutex::new(state) }
    }

    /// The verifier with keys that may be used now; fetches them where it must.
    pub(crate) async fn current(self: &Arc<Self>) -> Result<Arc<Verifier>, KeysUnreachable> {
        let (step, verifier) = {
            let state = self.state();
            (state.schedule.step(Instant::now()), state.verifier.clone())
        };
        match (step, verifier) {
            (Step::Use | Step::UseStale, Some(verifier)) => Ok(verifier),
            (Step::UseAndRenew, Some(verifier)) => {
                self.begin();
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

    /// Other keys than those that do not have a token's `kid`, where a fetch may look for them now and finds some.
    pub(crate) async fn newer(self: &Arc<Self>) -> Option<Arc<Verifier>> {
        let before = {
            let mut state = self.state();
            // Whoever comes while a fetch is under way waits for it: that it began for another reason does not matter.
            if state.under_way.is_none() && !state.schedule.may_reload(Instant::now()) {
                return None;
            }
            state.verifier.clone()?
        };
        self.fetch().await;
        self.state().verifier.clone().filter(|now| !Arc::ptr_eq(now, &before))
    }

    /// Waits for the fetch that is under way, or for one that begins now.
    async fn fetch(self: &Arc<Self>) {
        let mut end = self.begin();
        // The error is what is waited for: the fetch has ended and its sender is gone.
        drop(end.changed().await);
    }

    /// Begins a fetch in a task of its own, unless one is under way: a request that is given up does not end it for others.
    fn begin(self: &Arc<Self>) -> watch::Receiver<()> {
        let mut state = self.state();
        if let Some(under_way) = &state.under_way
            && under_way.has_changed().is_ok()
        {
            return under_way.clone();
        }
        let (ended, end) = watch::channel(());
        state.under_way = Some(end.clone());
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
            Ok(Fetched::Unchanged { max_age }) => Ok((None, max_age)),
            Ok(Fetched::Keys { text, etag, max_age }) => self.bind(&text).map(|new| (Some((new, text, etag)), max_age)),
            Err(failure) => Err(failure),
        };
        let mut state = self.state();
        state.under_way = None;
        match outcome {
            Ok((new, max_age)) => {
                state.schedule.confirm(max_age, Instant::now());
                if let Some((verifier, text, etag)) = new {
                    // The same keys again keep what was prepared for them.
                    if state.text != text {
                        state.verifier = Some(Arc::new(verifier));
                        state.text = text;
                    }
                    state.etag = etag;
                }
            }
            Err(failure) => {
                tracing::warn!(url = %self.url, failure, "the key set could not be fetched");
                state.failure = failure.into();
                state.schedule.fail(jitter(), Instant::now());
            }
        }
    }

    /// A set that cannot be used does not take the place of one that can.
    fn bind(&self, text: &str) -> Result<Verifier, String> {
        let keys = KeySet::from_json(text).map_err(|error| error.to_string())?;
        Ok(Verifier::new(self.policy.clone(), Issuer::named(self.issuer.as_str(), keys)))
    }

    fn unreachable(&self) -> KeysUnreachable {
        let state = self.state();
        let retry_after = state.schedule.pause_left(Instant::now()).unwrap_or_default();
        KeysUnreachable { url: self.url.to_string(), reason: Arc::clone(&state.failure), retry_after }
    }

    /// Nothing is left half-way where a holder panicked: each of them writes once, at its end.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Spreads the tries of many verifiers; no secret, so that none is an answer too.
#[expect(clippy::disallowed_methods, reason = "this is the one place in this crate that draws randomness")]
fn jitter() -> u8 {
    let mut byte = [0];
    getrandom::fill(&mut byte).map_or(0, |()| byte[0])
}
