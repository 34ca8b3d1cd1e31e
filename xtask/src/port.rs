//! Ports of this machine: whether one is free, and whether a server answers on it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::failure::Failure;

/// Fails if the port is in use on either loopback address: a browser that opens `localhost` may choose either.
pub(crate) fn check_free(port: u16, option: &'static str) -> Result<(), Failure> {
    for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))] {
        match TcpListener::bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(Failure::PortInUse { port, option }),
            Err(source) if address.is_ipv4() => return Err(Failure::Port { port, source }),
            // A machine without IPv6 has no listener there.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Whether a GET of the path is answered with 200.
pub(crate) fn answers(port: u16, path: &str) -> bool {
    get(port, path).is_ok_and(|status| status.starts_with("HTTP/1.1 200"))
}

fn get(port: u16, path: &str) -> io::Result<String> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // In one piece: a server that answers and closes after the first of several pieces would reset the connection.
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut status = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut status)?;
    Ok(String::from_utf8_lossy(&status).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_with_a_listener_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let failure = check_free(port, "--port").unwrap_err().to_string();
        assert_eq!(
            failure,
            format!("port {port} is in use: stop the process that listens on it, or choose another port with --port")
        );
        drop(listener);
        assert!(check_free(port, "--port").is_ok());
    }

    #[test]
    fn only_a_200_is_an_answer() {
        for (reply, expected) in [("HTTP/1.1 200 OK\r\n\r\n", true), ("HTTP/1.1 502 Bad\r\n\r\n", false), ("", false)] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stream.write_all(reply.as_bytes()).unwrap();
            });
            assert_eq!(answers(port, "/"), expected, "{reply}");
            server.join().unwrap();
        }
    }
}
