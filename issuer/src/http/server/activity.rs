//! What a connection is doing: idle, receiving a head, or answering. hyper tells nobody, but its reads, its writes and its
//! calls show it. So a head and an idle connection have time-outs of their own, and the bare answer with which hyper itself
//! refuses a request is held back, for one of ours in its place.

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

/// How long a connection may take to send a request's head, and its first byte if it is new.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection is doing, shared by its stream, its service and what drives them.
pub(super) struct Activity {
    slot: Arc<Slot>,
    idle_timeout: Duration,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// When the phase has lasted too long, if it can.
    deadline: Option<Instant>,
    /// The head that is arriving; without its beginning where that came behind an earlier request.
    head: Vec<u8>,
    /// The status with which hyper itself refused a request.
    refused: Option<StatusCode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// An answer was sent, and nothing has come since.
    Idle,
    /// A request's head is arriving, or the connection is new.
    Head,
    /// The service has a request, up to the last byte of its answer's body.
    Answering,
    /// hyper has the whole answer, and is still to send it.
    Answered,
}

/// How a connection without a request in hand ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nothing of a request has come.
    Silent,
    /// In a head. hyper would answer with this status, if it would answer at all.
    InHead { refused: Option<StatusCode>, in_first_line: bool },
    /// With a request in hand.
    Answering,
}

impl Activity {
    pub(super) fn new(slot: Arc<Slot>, idle_timeout: Duration) -> Arc<Self> {
        let deadline = Some(Instant::now() + HEAD_TIMEOUT);
        let state = State { phase: Phase::Head, deadline, head: Vec::new(), refused: None };
        Arc::new(Self { slot, idle_timeout, state: Mutex::new(state) })
    }

    /// A request is handed to the service. Whether its head, as far as it is known, has a line of `Content-Length`.
    pub(super) fn request_began(&self) -> bool {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            self.slot.becomes_busy();
        }
        (state.phase, state.deadline) = (Phase::Answering, None);
        let has_length = names_content_length(&state.head);
        state.head.clear();
        has_length
    }

    /// The slot's connection is to end.
    pub(super) async fn told_to_end(&self) {
        self.slot.told_to_end().await;
    }

    /// Ready when what the connection is doing has lasted too long.
    pub(super) fn poll_overdue(&self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> Poll<()> {
        let Some(deadline) = self.state().deadline else { return Poll::Pending };
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.poll(cx)
    }

    /// What was going on at the end.
    pub(super) fn ended(&self) -> Ended {
        let state = self.state();
        match state.phase {
            Phase::Answering | Phase::Answered => Ended::Answering,
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
        if bytes.is_empty() || matches!(state.phase, Phase::Answering | Phase::Answered) {
            return;
        }
        if state.phase == Phase::Idle {
            (state.phase, state.deadline) = (Phase::Head, Some(Instant::now() + HEAD_TIMEOUT));
            self.slot.becomes_busy();
        }
        let room = MAX_HEAD_BYTES.saturating_sub(state.head.len());
        state.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Holds back what hyper writes of its own accord, without an answer of the service; whether it did.
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
        if state.phase == Phase::Answering {
            state.phase = Phase::Answered;
        }
    }

    fn flushed(&self) {
        let mut state = self.state();
        if state.phase == Phase::Answered {
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

/// Empty lines before a request are no part of it (RFC 9112 §2.2): a connection with nothing else is idle.
fn without_empty_lines(bytes: &[u8]) -> &[u8] {
    let begin = bytes.iter().position(|byte| !b"\r\n".contains(byte));
    &bytes[begin.unwrap_or(bytes.len())..]
}

/// Whether one of a head's lines, but for the first, is `Content-Length`.
fn names_content_length(head: &[u8]) -> bool {
    let lines = head.split(|byte| *byte == b'\n').skip(1).take_while(|line| !line.trim_ascii().is_empty());
    let mut names = lines.map(|line| line.split(|byte| *byte == b':').next().unwrap_or_default());
    names.any(|name| name.eq_ignore_ascii_case(b"content-length"))
}

/// A connection's stream, by which its activity is known.
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

    /// hyper flushes once it has written all that it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.activity.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // An answer of ours is still to come.
        if self.activity.is_refused() { Poll::Ready(Ok(())) } else { Pin::new(&mut self.stream).poll_shutdown(cx) }
    }
}

/// An answer's body, which hyper drops once it has all of it.
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
    fn a_length_is_found_by_its_line_alone() {
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
