//! A keep-alive connection with a minimal HTTP/1.1 client (RFC 9112), for servers that send `Content-Length` or chunks.

use std::borrow::Cow;
use std::io::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// The maximum size of an answer.
const MAX_BYTES: usize = 64 * 1024;

/// A connection to a server.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A server's answer.
pub(crate) struct Answer<'c> {
    pub(crate) status: u16,
    pub(crate) head: &'c str,
    pub(crate) body: Cow<'c, [u8]>,
}

impl Answer<'_> {
    /// The first header with this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        Self::over(TcpStream::connect(address).await?)
    }

    /// Connects from another address.
    pub(crate) async fn open_from(source: Ipv4Addr, address: SocketAddr) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((source, 0).into())?;
        Self::over(socket.connect(address).await?)
    }

    fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(2048) })
    }

    /// Sends a request and waits for its complete answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.received.clear();
        while !is_whole(&self.received)? {
            if self.received.len() > MAX_BYTES {
                return Err(Error::other("the answer is too long"));
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(Error::other("the server closed the connection"));
            }
        }
        frame(&self.received)?.ok_or_else(|| Error::other("the answer is incomplete"))
    }
}

/// Whether an answer is complete.
fn is_whole(received: &[u8]) -> Result<bool> {
    frame(received).map(|answer| answer.is_some())
}

/// The answer, if it is complete.
fn frame(received: &[u8]) -> Result<Option<Answer<'_>>> {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&received[..end]).map_err(Error::other)?;
    let rest = &received[end + 4..];
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(|| Error::other("no status"))?;
    let body = if header(head, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        unchunk(rest)?.map(Cow::Owned)
    } else {
        let length = header(head, "content-length").and_then(|length| length.parse().ok());
        let length: usize = length.ok_or_else(|| Error::other("no content-length"))?;
        rest.get(..length).map(Cow::Borrowed)
    };
    Ok(body.map(|body| Answer { status, head, body }))
}

/// The body of a chunked answer, if it is complete (RFC 9112 §7.1).
fn unchunk(mut rest: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&rest[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or_else(|| Error::other("a chunk without a size"))?;
        let Some(chunk) = rest.get(end + 2..end + 2 + size + 2) else { return Ok(None) };
        if size == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(&chunk[..size]);
        rest = &rest[end + 2 + size + 2..];
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let named = |line: &'h str| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    };
    head.lines().find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_at_its_content_length() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        for end in 0..whole.len() {
            assert!(frame(&whole[..end]).unwrap().is_none(), "{end}");
        }
        let answer = frame(whole).unwrap().unwrap();
        assert_eq!((answer.status, &*answer.body, answer.header("content-length")), (200, &b"{}"[..], Some("2")));
    }

    #[test]
    fn a_chunked_answer_is_complete_at_its_last_chunk() {
        let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n";
        for end in 0..whole.len() {
            assert!(frame(&whole[..end]).unwrap().is_none(), "{end}");
        }
        assert_eq!(&*frame(whole).unwrap().unwrap().body, b"0123456789x");
    }

    #[test]
    fn an_answer_without_a_length_is_an_error() {
        assert!(frame(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").is_err());
        assert!(frame(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").is_err());
    }
}
