//! Frames: the length of what follows, the number of a request, which its answer repeats, and a message.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _},
    time,
};

use super::message::Message;

/// The bytes of a length.
const LENGTH: usize = size_of::<u32>();

/// The bytes of a number.
const NUMBER: usize = size_of::<u64>();

/// The longest request: that of a swap has two records, of which the import makes none of more than 32 KiB.
pub(super) const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// The longest answer: a user would have 250,000 sessions.
pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A request or an answer, with the number that the two have in common.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) number: u64,
    pub(super) message: Vec<u8>,
}

/// Why no frame could be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a frame says that it is {0} bytes long, which none is")]
    Length(usize),
    #[error("a frame was not whole in time")]
    Stalled,
    #[error("a frame holds nothing that is known")]
    Message,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes a message as a frame.
pub(super) fn write(number: u64, message: &impl Message) -> Vec<u8> {
    let mut frame = vec![0; LENGTH];
    number.write(&mut frame);
    message.write(&mut frame);
    let length = u32::try_from(frame.len() - LENGTH).unwrap_or(u32::MAX);
    frame[..LENGTH].copy_from_slice(&length.to_be_bytes());
    frame
}

/// Reads the next frame; `None` at the end. Between two frames it waits as long as it takes, and for the rest of one that
/// has begun as long as `patience`.
pub(super) async fn read(
    reader: &mut (impl AsyncBufRead + Unpin),
    most: usize,
    patience: Duration,
) -> Result<Option<Frame>, FrameError> {
    if reader.fill_buf().await?.is_empty() {
        return Ok(None);
    }
    time::timeout(patience, read_begun(reader, most)).await.map_err(|_| FrameError::Stalled)?.map(Some)
}

async fn read_begun(reader: &mut (impl AsyncBufRead + Unpin), most: usize) -> Result<Frame, FrameError> {
    let length = usize::try_from(reader.read_u32().await?).unwrap_or(usize::MAX);
    let message = length.checked_sub(NUMBER).filter(|_| length <= most).ok_or(FrameError::Length(length))?;
    let number = reader.read_u64().await?;
    let mut bytes = Vec::new();
    // It grows with what comes, not with what was said to come.
    let read = reader.take(message as u64).read_to_end(&mut bytes).await?;
    if read < message {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(Frame { number, message: bytes })
}
