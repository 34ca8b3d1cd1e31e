//! Reads a request's body: JSON, limited in size and time.

use std::{pin::pin, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use tokio::time;
use warp::http::{HeaderMap, header};

use crate::http::ApiError;

/// The largest body. A login has a few hundred bytes.
const MAX_BYTES: usize = 16 * 1024;

/// How long a body may take to arrive. A phone on a bad line needs a second or two.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A body that has arrived; empty if the request had none.
pub(crate) struct Body(Bytes);

/// Reads the body, and stops as soon as it is too large, with or without a `Content-Length`.
pub(crate) async fn read<B: Buf>(
    headers: &HeaderMap,
    stream: impl Stream<Item = Result<B, warp::Error>>,
) -> Result<Body, ApiError> {
    let too_large = || ApiError::body_too_large(MAX_BYTES);
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BYTES as u64) {
        return Err(too_large());
    }
    let collected = time::timeout(BODY_TIMEOUT, async {
        let mut stream = pin!(stream);
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let mut chunk = chunk.map_err(|_| ApiError::invalid_request("the body is incomplete"))?;
            if body.len() + chunk.remaining() > MAX_BYTES {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk.copy_to_bytes(chunk.remaining()));
        }
        Ok(body.freeze())
    });
    let body = collected.await.map_err(|_| ApiError::body_too_slow(BODY_TIMEOUT))??;
    if body.is_empty() || is_json(headers) { Ok(Body(body)) } else { Err(ApiError::unsupported_media_type()) }
}

impl Body {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses the body as a JSON object; `expected` describes it to the client. The parser's message is dropped: it can
    /// quote a password from the body.
    pub(crate) fn json<T: DeserializeOwned>(&self, expected: &'static str) -> Result<T, ApiError> {
        let parsed = if is_object(&self.0) { serde_json::from_slice(&self.0).ok() } else { None };
        parsed.ok_or_else(|| ApiError::invalid_request(format!("the body must be {expected}")))
    }

    /// The same for an optional body.
    pub(crate) fn json_if_any<T: DeserializeOwned + Default>(&self, expected: &'static str) -> Result<T, ApiError> {
        if self.0.is_empty() { Ok(T::default()) } else { self.json(expected) }
    }
}

/// Whether a JSON text is an object: serde also reads a struct from an array of its fields. No body has nested objects.
fn is_object(text: &[u8]) -> bool {
    // The whitespace of RFC 8259 §2.
    text.iter().find(|byte| !b" \t\n\r".contains(byte)) == Some(&b'{')
}

/// `application/json`, with or without parameters (RFC 9110 §8.3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
