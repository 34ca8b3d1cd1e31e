//! One kept-alive connection that posts JSON: just enough of HTTP/1.1 (RFC 9112) for servers that say how long their
//! answers are.

use std::io::{Error, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// More than any answer of these servers has.
const MOST_BYTES: usize = 64 * 1024;

/// A connection to a server.
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    received: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer<'c> {
    pub(crate) status: u16,
    pub(crate) body: &'c [u8],
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, received: Vec::with_capacity(4096) })
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Result<Answer<'_>> {
        let (address, length) = (self.address, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(Error::other("the server closed the connection"));
            }
            if let Some((status, start, end)) = frame(&self.received)? {
                return Ok(Answer { status, body: &self.received[start..end] });
            }
            if self.received.len() > MOST_BYTES {
                return Err(Error::other("the answer is too long"));
            }
        }
    }
}

/// Status, start and end of the body, once all of it is there.
fn frame(received: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let Some(head) = received.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&received[..head]).map_err(Error::other)?;
    let status = text.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(|| Error::other("no status"))?;
    let length = text.lines().find_map(content_length).ok_or_else(|| Error::other("no content-length"))?;
    let start = head + 4;
    Ok((received.len() >= start + length).then_some((status, start, start + length)))
}

fn content_length(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    if name.eq_ignore_ascii_case("content-length") { value.trim().parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_once_its_length_is_there() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        for end in 0..whole.len() {
            assert!(frame(&whole[..end]).unwrap().is_none(), "{end}");
        }
        assert_eq!(frame(whole).unwrap(), Some((200, 38, 40)));
    }

    #[test]
    fn an_answer_without_a_length_is_an_error() {
        assert!(frame(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
