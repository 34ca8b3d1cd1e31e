//! What a request says before its body: its headers, and who sends it.

use std::net::IpAddr;

use warp::{
    Filter, Rejection,
    http::{HeaderMap, header},
};

use crate::{auth::Client, hashing::ConnectionWatch, http::cookies::Cookies, session::Label};

/// The address at the other end of a request's connection, which the accept loop puts into the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// Whether the connection is still open.
    pub(crate) connection: ConnectionWatch,
}

/// Whoever sends a request, behind the proxies that are trusted: see `proxies`.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) address: IpAddr,
    connection: ConnectionWatch,
}

impl Peer {
    /// The sender at the other end of the connection, or behind it.
    pub(crate) fn sender(self, address: IpAddr) -> Sender {
        Sender { address, connection: self.connection }
    }
}

/// A request but for its body.
pub(crate) struct Head {
    pub(crate) headers: HeaderMap,
    pub(crate) address: IpAddr,
    /// The names of the issuer's cookies.
    pub(crate) cookies: Cookies,
    connection: ConnectionWatch,
}

impl Head {
    /// Reads the head. Each request was given its sender and the issuer's cookies, so that this rejects none.
    pub(crate) fn read() -> impl Filter<Extract = (Self,), Error = Rejection> + Clone {
        let read = |headers, Sender { address, connection }, cookies| Self { headers, address, cookies, connection };
        warp::header::headers_cloned().and(warp::ext::get::<Sender>()).and(warp::ext::get::<Cookies>()).map(read)
    }

    /// Who signs in.
    pub(crate) fn client(&self) -> Client {
        let user_agent = self.headers.get(header::USER_AGENT).map_or(&[][..], |value| value.as_bytes());
        let label = Label::of_user_agent(user_agent);
        Client { address: self.address, label, connection: self.connection.clone(), device_tokens: Vec::new() }
    }
}
