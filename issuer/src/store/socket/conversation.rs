//! A command's connection: it numbers requests, and routes each answer to the task that waits for it.

use std::{
    collections::HashMap,
    future::pending,
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufRead, AsyncWrite, AsyncWriteExt as _},
    sync::{mpsc, oneshot},
};

use super::{
    frame::{self, FrameError, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES},
    protocol::{Answer, Request},
};
use crate::store::StoreError;

/// How long the rest of an answer may take. Its first byte comes once the write is on the disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request, and the channel for its answer.
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// The channels for the outstanding answers, by request number.
type Waiting = Mutex<HashMap<u64, oneshot::Sender<Answer>>>;

/// Carries requests and answers until the connection breaks or the store is dropped. It then closes the channels of the
/// outstanding answers.
pub(super) async fn converse(
    reader: impl AsyncBufRead + Unpin,
    writer: impl AsyncWrite + Unpin,
    calls: mpsc::Receiver<Call>,
) {
    let waiting = Waiting::default();
    tokio::select! {
        biased;
        read = read_answers(reader, &waiting) => if let Err(error) = read {
            tracing::debug!(%error, "the connection to the running hallpass broke");
        },
        () = write_requests(writer, calls, &waiting) => {}
    }
}

/// Returns when the store is dropped.
async fn write_requests(mut writer: impl AsyncWrite + Unpin, mut calls: mpsc::Receiver<Call>, waiting: &Waiting) {
    let mut number = 0;
    while let Some(call) = calls.recv().await {
        let mut next = Some(call);
        let mut written = Ok(());
        // Waiting requests share the flush.
        while let (Some(call), Ok(())) = (next, &written) {
            number += 1;
            written = write_request(&mut writer, number, call, waiting).await;
            next = calls.try_recv().ok();
        }
        if let Err(error) = written.and(writer.flush().await) {
            tracing::debug!(%error, "a request could not be sent to the running hallpass");
            // The other task still reads the answers that were sent before.
            pending::<()>().await;
        }
    }
}

async fn write_request(
    writer: &mut (impl AsyncWrite + Unpin),
    number: u64,
    Call { request, answer }: Call,
    waiting: &Waiting,
) -> io::Result<()> {
    let frame = frame::encode(number, &request);
    if frame.len() > MAX_REQUEST_BYTES {
        let refusal = StoreError::TooLarge { bytes: frame.len(), max: MAX_REQUEST_BYTES };
        // The caller may have stopped waiting.
        drop(answer.send(Answer::Failed(refusal)));
        return Ok(());
    }
    waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(number, answer);
    writer.write_all(&frame).await
}

async fn read_answers(mut reader: impl AsyncBufRead + Unpin, waiting: &Waiting) -> Result<(), FrameError> {
    while let Some(frame) = frame::read(&mut reader, MAX_ANSWER_BYTES, PATIENCE).await? {
        let answer: Answer = frame::decode(&frame.message)?;
        let waits = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&frame.number);
        // The caller may have stopped waiting. An answer to an unknown number is an error.
        drop(waits.ok_or(FrameError::Message)?.send(answer));
    }
    Ok(())
}
