//! One connection, from its first byte to its end: hyper speaks HTTP on it, within our time-outs, and what hyper refuses is
//! answered by us.

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
    activity::{Activity, Ended, Watched, WatchedBody},
    message::TwoLengths,
};
use crate::http::ApiError;

/// How long a client may go on sending behind the last answer, a body that was refused unread. One that is cut off while it
/// sends loses the answer (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(2);

/// How much of what it sends is read meanwhile.
const LINGER_BYTES: u64 = 1024 * 1024;

/// Serves one connection until it closes, is silent for too long or is told to stop: then the answer under way is the last.
/// It holds `stopping` to its end: that the last one is gone tells that no connection is left. What hyper refuses is handed
/// to `refuse`, for an answer.
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
    // A client that closes its side has gone, whatever it asked for: nothing is hashed for it. Time-outs are ours.
    builder.max_buf_size(MAX_HEAD_BYTES).half_close(false).header_read_timeout(None);
    let mut connection = builder.serve_connection(io, service);
    let mut sleep = pin!(time::sleep(Duration::ZERO));
    let mut is_last = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break Some(ended),
            () = told_to_stop(&mut stopping, &activity), if !is_last => {
                is_last = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            () = poll_fn(|cx| activity.poll_overdue(cx, sleep.as_mut())) => break None,
        }
    };
    // One that ends since others wait for its slot gives it up at once.
    let may_linger = matches!(ended, Some(Ok(()))) && !is_last;
    let last = match refusal(ended, activity.ended()) {
        Some(error) => to_bytes(refuse(&error)).await,
        None if may_linger => Vec::new(),
        None => return,
    };
    let ended = time::timeout(LINGER, say_last(connection.into_parts().io.into_inner().stream, &last)).await;
    if let Ok(Err(error)) = ended {
        tracing::debug!(%error, "a client did not take the last answer");
    }
}

/// The service, whose calls and answers show what the connection is doing.
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
        // Called at once, where a future would wait for a first poll that never comes if the client is gone by then.
        let answered = service.clone().call(request);
        async move { answered.await.map(|response| response.map(|body| WatchedBody { body, activity })) }
    })
}

/// Completes when the answer under way is to be the last: the issuer stops, or others wait for the connection's slot.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>, activity: &Activity) {
    tokio::select! {
        // An error says that the server is gone, which is as good as being told.
        stopped = stopping.wait_for(|stop| *stop) => drop(stopped),
        () = activity.told_to_end() => {}
    }
}

/// What is to be said to a client whose connection ended so; nothing, where it ended in the middle of an answer or in
/// silence. A connection that did not end by itself took too long.
fn refusal(result: Option<hyper::Result<()>>, ended: Ended) -> Option<ApiError> {
    let fault = match (result, ended) {
        (_, Ended::Silent) | (Some(Ok(())), _) | (None, Ended::Answering) => return None,
        (Some(Err(error)), Ended::InHead { .. }) if error.is_parse() => error,
        (None, Ended::InHead { .. }) => return Some(ApiError::head_too_slow()),
        (Some(Err(error)), _) => {
            tracing::debug!(%error, "a connection broke off");
            return None;
        }
    };
    let made = match ended {
        Ended::InHead { refused: Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE), in_first_line: false } => {
            ApiError::head_too_large()
        }
        Ended::InHead {
            refused: Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG), ..
        } => ApiError::uri_too_long(),
        _ => ApiError::malformed("the request is not HTTP/1.1 (RFC 9112)"),
    };
    Some(made.because(fault))
}

/// An answer as it is sent, the last of its connection.
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

/// Sends a last answer, or what of it is not sent yet, and reads on for a moment, so that it arrives.
async fn say_last(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await.map(drop)
}
