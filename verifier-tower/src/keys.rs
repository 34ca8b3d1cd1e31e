//! An issuer's keys, fetched from where it publishes them and kept as long as it says.

use std::{fmt, sync::Arc, time::Duration};

use hallpass_token::Policy;
use http::Uri;

mod bound;
mod fetch;
mod schedule;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use bound::Bound;
use fetch::Client;
use schedule::Limits;

/// How long known keys serve on, beyond the time that the issuer gave them, while it cannot be reached.
const MAX_STALE: Duration = Duration::from_hours(1);

/// Where an issuer publishes its key set, and how it is kept.
///
/// It is fetched at the first use, with at most one fetch at a time. The issuer's `Cache-Control: max-age` (five minutes
/// without, at least 30 seconds and at most a day) says how long it is good; from three quarters of that on one fetch in the
/// background renews it, so that nobody waits, and a withdrawn key is trusted no longer than `max-age`. While the issuer
/// cannot be reached, known keys serve on for an hour more. A `kid` that is not known causes a fetch, but at most every 30
/// seconds, so that made-up ones flood nobody; failed fetches are repeated ever more rarely.
pub struct RemoteKeys {
    url: Uri,
    client: Client,
    limits: Limits,
}

/// An address that keys must not be fetched from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key set's address must be an https: URL without a user name in it; http: is for localhost only: whoever can change the keys on their way can sign any token"
)]
pub struct InvalidKeysUrl;

/// The issuer's keys are needed and cannot be fetched.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the key set at {url} cannot be fetched: {reason}")]
pub struct KeysUnreachable {
    /// Where it should be.
    pub url: String,
    /// What went wrong at the last try.
    pub reason: Arc<str>,
    /// When it is tried again, at the earliest.
    pub retry_after: Duration,
}

impl RemoteKeys {
    /// Keys at `url`, such as `https://auth.example.com/.well-known/jwks.json`, over TLS that trusts what the machine
    /// trusts.
    pub fn new(url: &str) -> Result<Self, InvalidKeysUrl> {
        let url: Uri = url.parse().map_err(|_| InvalidKeysUrl)?;
        let is_local = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let is_safe = url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && is_local);
        let is_bare = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if !is_safe || !is_bare {
            return Err(InvalidKeysUrl);
        }
        let limits = Limits { max_stale: MAX_STALE, ..Limits::DEFAULT };
        Ok(Self { url, client: Client::new(), limits })
    }

    /// Lets known keys serve on for another time than an hour while the issuer cannot be reached; so much longer may a
    /// withdrawn key be trusted.
    #[must_use]
    pub fn max_stale(mut self, max_stale: Duration) -> Self {
        self.limits.max_stale = max_stale;
        self
    }

    /// Fetches over TLS of the caller's making, for an issuer whose certificate this machine does not trust by itself.
    #[must_use]
    pub fn tls(mut self, config: rustls::ClientConfig) -> Self {
        self.client = Client::with_tls(config);
        self
    }

    /// Binds the keys to the name of their issuer and to a policy.
    pub(crate) fn bind(self, issuer: String, policy: Policy) -> Bound {
        Bound::new(self, issuer, policy)
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").field("url", &self.url).finish_non_exhaustive()
    }
}
