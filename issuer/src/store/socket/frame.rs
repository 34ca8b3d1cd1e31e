//! Frames: the length of the rest, the number of a request, which its answer repeats, and a message.

use std::{io, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _},
    time,
};

/// The bytes of a length.
const LENGTH: usize = size_of::<u32>();

/// The bytes of a number.
const NUMBER: usize = size_of::<u64>();

/// The longest request. A swap has two records, and the import makes no record of more than 32 KiB.
pub(super) const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// The longest answer: the sessions of a user with 250,000 sessions.
pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// An encoded request or answer, and the number that the two have in common.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) number: u64,
    pub(super) message: Vec<u8>,
}

/// Why no frame could be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a frame has an invalid length of {0} bytes")]
    Length(usize),
    #[error("a frame did not arrive completely in time")]
    Stalled,
    #[error("a frame has no valid message")]
    Message,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Encodes a message as a frame.
#[expect(clippy::expect_used, reason = "postcard fails only for a full buffer or a list of unknown length")]
pub(super) fn encode(number: u64, message: &impl Serialize) -> Vec<u8> {
    let head = [&[0; LENGTH][..], &number.to_be_bytes()].concat();
    let mut frame = postcard::to_extend(message, head).expect("a vector grows, and every list knows its length");
    let length = u32::try_from(frame.len() - LENGTH).unwrap_or(u32::MAX);
    frame[..LENGTH].copy_from_slice(&length.to_be_bytes());
    frame
}

/// Decodes a message, which must use all bytes. serde reserves at most 1 MiB for a list before its items arrive, so that a
/// wrong length costs no more.
pub(super) fn decode<T: DeserializeOwned>(message: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(message) {
        Ok((decoded, [])) => Ok(decoded),
        _ => Err(FrameError::Message),
    }
}

/// Reads the next frame; `None` at the end of the connection. The wait for a frame's first byte is unlimited; the rest must
/// arrive within `patience`.
pub(super) async fn read(
    reader: &mut (impl AsyncBufRead + Unpin),
    max_bytes: usize,
    patience: Duration,
) -> Result<Option<Frame>, FrameError> {
    if reader.fill_buf().await?.is_empty() {
        return Ok(None);
    }
    time::timeout(patience, read_begun(reader, max_bytes)).await.map_err(|_| FrameError::Stalled)?.map(Some)
}

async fn read_begun(reader: &mut (impl AsyncBufRead + Unpin), max_bytes: usize) -> Result<Frame, FrameError> {
    let length = usize::try_from(reader.read_u32().await?).unwrap_or(usize::MAX);
    let message = length.checked_sub(NUMBER).filter(|_| length <= max_bytes).ok_or(FrameError::Length(length))?;
    let number = reader.read_u64().await?;
    let mut bytes = Vec::new();
    // The buffer grows with the bytes that arrive, not with the announced length.
    let read = reader.take(message as u64).read_to_end(&mut bytes).await?;
    if read < message {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(Frame { number, message: bytes })
}
