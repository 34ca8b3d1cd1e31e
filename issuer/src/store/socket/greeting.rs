//! The first bytes of a connection, from both ends: who speaks, and which version. Records and requests are not told apart by
//! version any further, so that only equals go on.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time,
};

const MAGIC: [u8; 8] = *b"hallpass";

/// Raised with every change of what is said over the socket, or of a record, between two releases.
const PROTOCOL: u16 = 2;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the other end may take to greet.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why two ends do not talk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GreetingError {
    #[error(
        "hallpass {theirs} (protocol {their_protocol}) runs, and this is {VERSION} (protocol {PROTOCOL}): use the same \
             binary, or restart it"
    )]
    Version { theirs: String, their_protocol: u16 },
    #[error("the other end is no hallpass")]
    NotHallpass,
    #[error("no greeting came in {} s", PATIENCE.as_secs())]
    NoGreeting,
    #[error("the connection ended before a greeting")]
    Refused,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Greets, and reads the other end's greeting.
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

/// What this end says: the name, the protocol, and the length and text of the version.
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
    // It is shown to people, and comes from somebody else.
    let version = String::from_utf8(version).ok().filter(|version| version.chars().all(|c| c.is_ascii_graphic()));
    Ok((protocol, version.ok_or(GreetingError::NotHallpass)?))
}
