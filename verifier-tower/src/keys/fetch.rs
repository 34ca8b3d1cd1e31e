//! Fetches a key set from a server that may be slow, broken or hostile.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use hallpass_token::MAX_KEY_SET_BYTES;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore};
use tokio::time;

use super::schedule::Freshness;

/// The maximum time for the complete response.
const TIME_OUT: Duration = Duration::from_secs(5);

/// An HTTP client that follows no redirects: a redirect could lead to any server.
#[derive(Clone)]
pub(crate) struct Client(legacy::Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

/// The result of a fetch.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The keys have not changed since the sent `ETag` (RFC 9110 §15.4.5).
    Unchanged {
        freshness: Option<Freshness>,
    },
    Keys {
        text: String,
        etag: Option<HeaderValue>,
        freshness: Option<Freshness>,
    },
}

impl Client {
    /// A client with the machine's certificate authorities.
    pub(crate) fn new() -> Self {
        let connector =
            HttpsConnectorBuilder::new().with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider());
        let builder = match connector {
            Ok(builder) => builder,
            Err(error) => {
                tracing::warn!(%error, "found no trusted certificate authorities; https requests will fail");
                HttpsConnectorBuilder::new().with_tls_config(without_authorities())
            }
        };
        Self::over(builder.https_or_http().enable_http1().build())
    }

    pub(crate) fn with_tls(config: ClientConfig) -> Self {
        Self::over(HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build())
    }

    fn over(connector: HttpsConnector<HttpConnector>) -> Self {
        Self(legacy::Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector))
    }

    /// Fetches a key set, unless it still has this `etag`.
    pub(crate) async fn fetch(&self, url: &Uri, etag: Option<&HeaderValue>) -> Result<Fetched, String> {
        let fetched = time::timeout(TIME_OUT, self.request(url, etag)).await;
        fetched.unwrap_or_else(|_| Err(format!("no complete response within {} s", TIME_OUT.as_secs())))
    }

    async fn request(&self, url: &Uri, etag: Option<&HeaderValue>) -> Result<Fetched, String> {
        let mut request = Request::get(url).header(header::ACCEPT, "application/jwk-set+json, application/json");
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request.body(Empty::new()).map_err(|error| error.to_string())?;
        let (head, body) = self.0.request(request).await.map_err(with_causes)?.into_parts();
        let freshness = freshness(&head.headers);
        match head.status {
            StatusCode::NOT_MODIFIED if etag.is_some() => Ok(Fetched::Unchanged { freshness }),
            StatusCode::OK => {
                let body = Limited::new(body, MAX_KEY_SET_BYTES).collect().await.map_err(with_causes)?.to_bytes();
                let text = String::from_utf8(body.into()).map_err(|_| "the response is not UTF-8")?;
                Ok(Fetched::Keys { text, etag: head.headers.get(header::ETAG).cloned(), freshness })
            }
            status => Err(format!("the response has the status {}", status.as_u16())),
        }
    }
}

fn without_authorities() -> ClientConfig {
    ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

/// The freshness by `Cache-Control` (RFC 9111 §5.2.2) less the `Age` in caches (§5.1); `None` without `max-age`.
fn freshness(headers: &HeaderMap) -> Option<Freshness> {
    let directives: Vec<_> = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect();
    if directives.iter().any(|directive| matches!(directive.as_str(), "no-store" | "no-cache")) {
        return Some(Freshness { left: Duration::ZERO, is_from_cache: false });
    }
    let seconds = |directive: &String| directive.strip_prefix("max-age=")?.trim_matches('"').parse::<u64>().ok();
    let max_age = directives.iter().find_map(seconds)?;
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
    Some(Freshness { left: Duration::from_secs(max_age.saturating_sub(age)), is_from_cache: age > 0 })
}

/// An error with all its causes: hyper's own message lacks them.
fn with_causes(error: impl Into<Box<dyn Error + Send + Sync>>) -> String {
    let error = error.into();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_is_read_from_the_headers() {
        let fresh = |pairs: &[(header::HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, HeaderValue::from_static(value));
            }
            freshness(&headers).map(|freshness| (freshness.left.as_secs(), freshness.is_from_cache))
        };
        assert_eq!(fresh(&[]), None);
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "public, max-age=300")]), Some((300, false)));
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "Max-Age=\"60\"")]), Some((60, false)));
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "max-age=300"), (header::AGE, "200")]), Some((100, true)));
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "max-age=300"), (header::AGE, "400")]), Some((0, true)));
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "no-store")]), Some((0, false)));
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "max-age=600, no-cache")]), Some((0, false)));
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "public"), (header::CACHE_CONTROL, "max-age=7")]), Some((7, false)));
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "max-age=soon")]), None);
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "s-maxage=9")]), None);
    }
}
