//! The state of a connection: idle, receiving a head, or responding. hyper does not expose it, so it is derived from hyper's
//! reads, writes and calls. With it, heads and idle connections have time-outs of their own, and an error response of the
//! issuer replaces the bare one with which hyper refuses a request.

use std::{
    convert::Infallible,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};
use warp::http::StatusCode;

use super::{MAX_HEAD_BYTES, slots::Slot};

/// How long a connection may take to send a request head. For a new connection this includes the first byte.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The state of a connection, shared by its stream, its service and the task that drives them.
pub(super) struct Activity {
    slot: Arc<Slot>,
    idle_timeout: Duration,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// When the phase times out, if it does.
    deadline: Option<Instant>,
    /// The head that is arriving. Its beginning is missing if it was pipelined behind another request.
    head: Vec<u8>,
    /// The status with which hyper itself refused a request.
    refused: Option<StatusCode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A response was sent, and no byte has arrived since.
    Idle,
    /// A request head is arriving, or the connection is new.
    Head,
    /// The service has a request, up to the last byte of the response's body.
    Responding,
    /// hyper has the whole response and still has to send it.
    Responded,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Before the first byte of a request.
    Silent,
    /// In a head. `refused` is the status of hyper's response, if hyper sent one.
    InHead { refused: Option<StatusCode>, in_first_line: bool },
    /// With a request in progress.
    Responding,
}

impl Activity {
    pub(super) fn new(slot: Arc<Slot>, idle_timeout: Duration) -> Arc<Self> {
        let deadline = Some(Instant::now() + HEAD_TIMEOUT);
        let state = State { phase: Phase::Head, deadline, head: Vec::new(), refused: None };
        Arc::new(Self { slot, idle_timeout, state: Mutex::new(state) })
    }

    /// The service gets a request. Returns whether the known part of its head has a `Content-Length`.
    pub(super) fn request_began(&self) -> bool {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            self.slot.becomes_busy();
        }
        (state.phase, state.deadline) = (Phase::Responding, None);
        let has_length = names_content_length(&state.head);
        state.head.clear();
        has_length
    }

    /// Completes when the connection must close because another one needs its slot.
    pub(super) async fn must_end(&self) {
        self.slot.must_end().await;
    }

    /// Ready when the phase has timed out.
    pub(super) fn poll_overdue(&self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> Poll<()> {
        let Some(deadline) = self.state().deadline else { return Poll::Pending };
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.poll(cx)
    }

    /// How the connection ended.
    pub(super) fn ended(&self) -> Ended {
        let state = self.state();
        match state.phase {
            Phase::Responding | Phase::Responded => Ended::Responding,
            Phase::Idle | Phase::Head if state.refused.is_none() && state.head.is_empty() => Ended::Silent,
            Phase::Idle | Phase::Head => {
                let in_first_line = !state.head.is_empty() && !state.head.contains(&b'\n');
                Ended::InHead { refused: state.refused, in_first_line }
            }
        }
    }

    fn received(&self, bytes: &[u8]) {
        let mut state = self.state();
        let bytes = if state.head.is_empty() { without_empty_lines(bytes) } else { bytes };
        if bytes.is_empty() || matches!(state.phase, Phase::Responding | Phase::Responded) {
            return;
        }
        if state.phase == Phase::Idle {
            (state.phase, state.deadline) = (Phase::Head, Some(Instant::now() + HEAD_TIMEOUT));
            self.slot.becomes_busy();
        }
        let room = MAX_HEAD_BYTES.saturating_sub(state.head.len());
        state.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Whether hyper writes a response of its own, without the service. Such a write is discarded.
    fn holds_back(&self, bytes: &[u8]) -> bool {
        let mut state = self.state();
        let is_hypers_own = matches!(state.phase, Phase::Idle | Phase::Head);
        if is_hypers_own && state.refused.is_none() {
            // `HTTP/1.1 400 Bad Request`
            let status = bytes.get(9..12).and_then(|status| StatusCode::from_bytes(status).ok());
            state.refused = Some(status.unwrap_or(StatusCode::BAD_REQUEST));
        }
        is_hypers_own
    }

    fn encoded(&self) {
        let mut state = self.state();
        if state.phase == Phase::Responding {
            state.phase = Phase::Responded;
        }
    }

    fn flushed(&self) {
        let mut state = self.state();
        if state.phase == Phase::Responded {
            (state.phase, state.deadline) = (Phase::Idle, Some(Instant::now() + self.idle_timeout));
            self.slot.becomes_idle();
        }
    }

    fn is_refused(&self) -> bool {
        self.state().refused.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Empty lines before a request are ignored (RFC 9112 §2.2): with nothing else, the connection stays idle.
fn without_empty_lines(bytes: &[u8]) -> &[u8] {
    let begin = bytes.iter().position(|byte| !b"\r\n".contains(byte));
    &bytes[begin.unwrap_or(bytes.len())..]
}

/// Whether a head has a header `Content-Length`. Its first line is not a header.
fn names_content_length(head: &[u8]) -> bool {
    let lines = head.split(|byte| *byte == b'\n').skip(1).take_while(|line| !line.trim_ascii().is_empty());
    let mut names = lines.map(|line| line.split(|byte| *byte == b':').next().unwrap_or_default());
    names.any(|name| name.eq_ignore_ascii_case(b"content-length"))
}

/// A connection's stream, which reports its reads and writes.
pub(super) struct Watched {
    pub(super) stream: TcpStream,
    pub(super) activity: Arc<Activity>,
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.activity.received(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.activity.holds_back(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.activity.holds_back(parts.first().map_or(&[], |part| part)) {
            return Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes after it has written all that it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.activity.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The issuer's own response follows.
        if self.activity.is_refused() { Poll::Ready(Ok(())) } else { Pin::new(&mut self.stream).poll_shutdown(cx) }
    }
}

/// A response's body, which hyper drops once it has read all of it.
pub(super) struct WatchedBody {
    pub(super) body: Full<Bytes>,
    pub(super) activity: Arc<Activity>,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.activity.encoded();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_found_by_its_header_line_only() {
        for head in ["POST / HTTP/1.1\r\nContent-LENGTH: 5\r\n\r\n", "POST / HTTP/1.1\na: b\ncontent-length:5\n\n"] {
            assert!(names_content_length(head.as_bytes()), "{head}");
        }
        for head in
            ["", "content-length: 5\r\n\r\n", "POST / HTTP/1.1\r\nx: content-length: 5\r\n\r\ncontent-length: 5\r\n"]
        {
            assert!(!names_content_length(head.as_bytes()), "{head}");
        }
    }
}
