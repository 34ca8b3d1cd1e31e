//! An issuer's keys, fetched from its key set URL and kept for their `max-age`.

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

/// The time for which known keys stay valid after their `max-age` while the issuer is unreachable.
const MAX_STALE: Duration = Duration::from_hours(1);

/// The URL of an issuer's key set, and the rules of its cache.
///
/// The first use fetches the key set; there is at most one fetch at a time. The keys are valid for the issuer's
/// `Cache-Control: max-age` (default five minutes, at least 30 seconds, at most an hour). After three quarters of that
/// time a fetch in the background renews them, so that no request waits, and a revoked key is trusted no longer than
/// `max-age`. While the issuer is unreachable, known keys stay valid for another hour. An unknown `kid` causes a fetch,
/// at most every 30 seconds, so that invented ones cause no flood. Failed fetches are retried after growing pauses.
pub struct RemoteKeys {
    url: Uri,
    client: Client,
    limits: Limits,
}

/// An invalid or insecure URL of a key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key set's URL must be https: (http: only for localhost) and must not contain a user name: an attacker who changes the keys in transit can sign any token"
)]
pub struct InvalidKeysUrl;

/// The issuer's keys are required and cannot be fetched.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the key set at {url} cannot be fetched: {reason}")]
pub struct KeysUnreachable {
    /// The URL of the key set.
    pub url: String,
    /// The error of the last attempt.
    pub reason: Arc<str>,
    /// The time until the next attempt.
    pub retry_after: Duration,
}

impl RemoteKeys {
    /// Keys at `url`, such as `https://auth.example.com/.well-known/jwks.json`, over TLS with the machine's certificate
    /// authorities.
    pub fn new(url: &str) -> Result<Self, InvalidKeysUrl> {
        let url: Uri = url.parse().map_err(|_| InvalidKeysUrl)?;
        let is_local = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let is_safe = url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && is_local);
        let has_no_user = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if !is_safe || !has_no_user {
            return Err(InvalidKeysUrl);
        }
        let limits = Limits { max_stale: MAX_STALE, ..Limits::DEFAULT };
        Ok(Self { url, client: Client::new(), limits })
    }

    /// Sets the time for which known keys stay valid while the issuer is unreachable (1 hour). A revoked key may be
    /// trusted for that much longer.
    #[must_use]
    pub fn max_stale(mut self, max_stale: Duration) -> Self {
        self.limits.max_stale = max_stale;
        self
    }

    /// Fetches with this TLS configuration, for an issuer whose certificate the machine does not trust.
    #[must_use]
    pub fn tls(mut self, config: rustls::ClientConfig) -> Self {
        self.client = Client::with_tls(config);
        self
    }

    /// Binds the keys to their issuer's name and a policy.
    pub(crate) fn bind(self, issuer: String, policy: Policy) -> Bound {
        Bound::new(self, issuer, policy)
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").field("url", &self.url).finish_non_exhaustive()
    }
}
