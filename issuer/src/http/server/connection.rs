//! One connection, from its first byte to its end: hyper handles HTTP, this module adds time-outs and the response to the
//! requests that hyper refuses.

use std::{convert::Infallible, future::poll_fn, io, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time,
};
use tower::Service;
use warp::http::{Request, Response, StatusCode, header};

use super::{
    MAX_HEAD_BYTES,
    activity::{Activity, Ended, HEAD_TIMEOUT, Watched, WatchedBody},
    message::TwoLengths,
};
use crate::http::ApiError;

/// How long a client may still send after the last response, such as a body that was refused unread. A client that is
/// disconnected while it sends can lose the response (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(2);

/// How many bytes are read meanwhile.
const LINGER_BYTES: u64 = 1024 * 1024;

/// Serves one connection until it closes, times out, or has to stop: then the current response is the last. The connection
/// holds `stopping` to its end: the server is stopped when the last receiver is dropped. `refuse` makes the response to a
/// request that hyper refuses.
pub(super) async fn serve<S>(
    stream: TcpStream,
    service: S,
    activity: Arc<Activity>,
    mut stopping: watch::Receiver<bool>,
    refuse: impl FnOnce(&ApiError) -> Response<Full<Bytes>>,
) where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let service = watched(service, &activity);
    let io = TokioIo::new(Watched { stream, activity: Arc::clone(&activity) });
    let mut builder = http1::Builder::new();
    // A client that closes its side has disconnected: no password is hashed for it. The time-outs are those of `Activity`.
    builder.max_buf_size(MAX_HEAD_BYTES).half_close(false).header_read_timeout(None);
    let mut connection = builder.serve_connection(io, service);
    let mut sleep = pin!(time::sleep(Duration::ZERO));
    let mut is_last = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break Some(ended),
            () = must_stop(&mut stopping, &activity), if !is_last => {
                is_last = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            () = poll_fn(|cx| activity.poll_overdue(cx, sleep.as_mut())) => break None,
        }
    };
    // A connection that stops because another one needs its slot frees it at once.
    let may_linger = matches!(ended, Some(Ok(()))) && !is_last;
    let last_response = match refusal(ended, activity.ended()) {
        Some(error) => to_bytes(refuse(&error)).await,
        None if may_linger => Vec::new(),
        None => return,
    };
    let stream = connection.into_parts().io.into_inner().stream;
    if let Ok(Err(error)) = time::timeout(LINGER, send_last(stream, &last_response)).await {
        tracing::debug!(%error, "sending the last response failed");
    }
}

/// The service, which reports its calls and responses to `activity`.
fn watched<S>(
    service: S,
    activity: &Arc<Activity>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<WatchedBody>,
    Error = Infallible,
    Future: Future<Output = Result<Response<WatchedBody>, Infallible>> + Send,
>
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let activity = Arc::clone(activity);
    service_fn(move |mut request: Request<Incoming>| {
        let activity = Arc::clone(&activity);
        let has_length = activity.request_began();
        if has_length && request.headers().contains_key(header::TRANSFER_ENCODING) {
            request.extensions_mut().insert(TwoLengths);
        }
        // The call is not in the future: if the client disconnects first, that is never polled.
        let response = service.clone().call(request);
        async move { response.await.map(|response| response.map(|body| WatchedBody { body, activity })) }
    })
}

/// Completes when the current response must be the last: the issuer stops, or another connection needs the slot.
async fn must_stop(stopping: &mut watch::Receiver<bool>, activity: &Activity) {
    tokio::select! {
        // An error means that the server was dropped, which is a stop, too.
        stopped = stopping.wait_for(|stop| *stop) => drop(stopped),
        () = activity.must_end() => {}
    }
}

/// The error to send when a connection ends; none if it ended idle or during a response. `result` is `None` for a time-out.
fn refusal(result: Option<hyper::Result<()>>, ended: Ended) -> Option<ApiError> {
    let fault = match (result, ended) {
        (_, Ended::Silent) | (Some(Ok(())), _) | (None, Ended::Responding) => return None,
        (Some(Err(error)), Ended::InHead { .. }) if error.is_parse() => error,
        (None, Ended::InHead { .. }) => return Some(ApiError::head_too_slow(HEAD_TIMEOUT)),
        (Some(Err(error)), _) => {
            tracing::debug!(%error, "a connection failed");
            return None;
        }
    };
    let refusal = match ended {
        Ended::InHead { refused: Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE), in_first_line: false } => {
            ApiError::head_too_large()
        }
        Ended::InHead {
            refused: Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG), ..
        } => ApiError::uri_too_long(),
        _ => ApiError::malformed("the request is not valid HTTP/1.1 (RFC 9112)"),
    };
    Some(refusal.because(fault))
}

/// The bytes of the last response of a connection.
async fn to_bytes(response: Response<Full<Bytes>>) -> Vec<u8> {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes);
    parts.headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let mut bytes = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    bytes
}

/// Sends the last response, if it is not sent yet, then reads on for a moment, so that it arrives.
async fn send_last(mut stream: TcpStream, response: &[u8]) -> io::Result<()> {
    stream.write_all(response).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await.map(drop)
}
