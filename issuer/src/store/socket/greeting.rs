//! The first bytes of a connection, from both ends: the program and its version. Requests and records carry no version
//! of their own, so that both ends must be equal.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time,
};

const MAGIC: [u8; 8] = *b"hallpass";

/// Raised with every change of the messages or of a record between two releases.
const PROTOCOL: u16 = 2;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the other end may take to greet.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the two ends cannot talk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GreetingError {
    #[error(
        "the running hallpass is {theirs} (protocol {their_protocol}) and this is {VERSION} (protocol {PROTOCOL}): use the \
         same binary, or restart it"
    )]
    Version { theirs: String, their_protocol: u16 },
    #[error("the other end is not hallpass")]
    NotHallpass,
    #[error("no greeting arrived within {} s", PATIENCE.as_secs())]
    NoGreeting,
    #[error("the connection ended before a greeting")]
    Refused,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Sends this end's greeting, and reads the other's.
pub(super) async fn exchange(
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
) -> Result<(), GreetingError> {
    writer.write_all(&ours()).await?;
    writer.flush().await?;
    let theirs = time::timeout(PATIENCE, read(reader)).await.map_err(|_| GreetingError::NoGreeting)??;
    if theirs == (PROTOCOL, VERSION.to_owned()) {
        return Ok(());
    }
    Err(GreetingError::Version { theirs: theirs.1, their_protocol: theirs.0 })
}

/// This end's greeting: the name, the protocol, and the length and text of the version.
pub(super) fn ours() -> Vec<u8> {
    let length = u8::try_from(VERSION.len()).unwrap_or_default();
    [&MAGIC[..], &PROTOCOL.to_be_bytes(), &[length], VERSION.as_bytes()].concat()
}

async fn read(reader: &mut (impl AsyncRead + Unpin)) -> Result<(u16, String), GreetingError> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => GreetingError::Refused,
        _ => GreetingError::Io(error),
    };
    let mut magic = [0; MAGIC.len()];
    reader.read_exact(&mut magic).await.map_err(refused)?;
    if magic != MAGIC {
        return Err(GreetingError::NotHallpass);
    }
    let protocol = reader.read_u16().await.map_err(refused)?;
    let mut version = vec![0; reader.read_u8().await.map_err(refused)?.into()];
    reader.read_exact(&mut version).await.map_err(refused)?;
    // The version comes from another process and is shown to the operator.
    let version = String::from_utf8(version).ok().filter(|version| version.chars().all(|c| c.is_ascii_graphic()));
    Ok((protocol, version.ok_or(GreetingError::NotHallpass)?))
}
