//! A request's head: its headers and its sender.

use std::net::IpAddr;

use warp::{
    Filter, Rejection,
    http::{HeaderMap, header},
};

use crate::{auth::Client, hashing::ConnectionWatch, http::cookies::Cookies, session::Label};

/// The peer of a request's connection, which the accept loop puts into the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// Whether the connection is still open.
    pub(crate) connection: ConnectionWatch,
}

/// The client of a request, behind the trusted proxies: see `proxies`.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) address: IpAddr,
    connection: ConnectionWatch,
}

impl Peer {
    /// The sender with this address: the peer itself, or a client behind it.
    pub(crate) fn sender(self, address: IpAddr) -> Sender {
        Sender { address, connection: self.connection }
    }
}

/// A request without its body.
pub(crate) struct Head {
    pub(crate) headers: HeaderMap,
    pub(crate) address: IpAddr,
    /// The names of the issuer's cookies.
    pub(crate) cookies: Cookies,
    connection: ConnectionWatch,
}

impl Head {
    /// Reads the head. It rejects no request: each has a sender and the issuer's cookie names in its extensions.
    pub(crate) fn read() -> impl Filter<Extract = (Self,), Error = Rejection> + Clone {
        let read = |headers, Sender { address, connection }, cookies| Self { headers, address, cookies, connection };
        warp::header::headers_cloned().and(warp::ext::get::<Sender>()).and(warp::ext::get::<Cookies>()).map(read)
    }

    /// The client that signs in.
    pub(crate) fn client(&self) -> Client {
        let user_agent = self.headers.get(header::USER_AGENT).map_or(&[][..], |value| value.as_bytes());
        let label = Label::of_user_agent(user_agent);
        Client { address: self.address, label, connection: self.connection.clone(), device_tokens: Vec::new() }
    }
}
