//! A command's connection: requests go out under numbers, and answers come back to whoever waits for them.

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

/// How long the rest of an answer may take to come. The answer itself comes when the disk has it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request, and whoever waits for its answer.
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// Who waits for the answers to which requests.
type Waiting = Mutex<HashMap<u64, oneshot::Sender<Answer>>>;

/// Carries requests and answers until the connection breaks or the store is dropped. Whoever waits then learns that no
/// answer comes.
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

/// Returns when nobody can ask any more.
async fn write_requests(mut writer: impl AsyncWrite + Unpin, mut calls: mpsc::Receiver<Call>, waiting: &Waiting) {
    let mut number = 0;
    while let Some(call) = calls.recv().await {
        let mut next = Some(call);
        let mut written = Ok(());
        // Those that wait already go along.
        while let (Some(call), Ok(())) = (next, &written) {
            number += 1;
            written = write_request(&mut writer, number, call, waiting).await;
            next = calls.try_recv().ok();
        }
        if let Err(error) = written.and(writer.flush().await) {
            tracing::debug!(%error, "nothing more can be asked of the running hallpass");
            // What it has answered before it went is still read, up to the end.
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
        // Whoever asked may have gone.
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
        // Whoever asked may have gone; and nobody asked for a number that was never given.
        drop(waits.ok_or(FrameError::Message)?.send(answer));
    }
    Ok(())
}
