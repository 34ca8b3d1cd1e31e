//! What a request says before its body: its headers, and who sends it.

use std::net::IpAddr;

use warp::{
    Filter, Rejection,
    http::{HeaderMap, header},
};

use crate::{auth::Client, session::Label};

/// The address at the other end of a request's connection, which the accept loop puts into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address of whoever sends a request, behind the proxies that are trusted: see `proxies`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender(pub(crate) IpAddr);

/// A request but for its body.
pub(crate) struct Head {
    pub(crate) headers: HeaderMap,
    pub(crate) address: IpAddr,
}

impl Head {
    /// Reads the head. Each request was given its sender, so that this rejects none.
    pub(crate) fn read() -> impl Filter<Extract = (Self,), Error = Rejection> + Clone {
        let read = |headers, Sender(address)| Self { headers, address };
        warp::header::headers_cloned().and(warp::ext::get::<Sender>()).map(read)
    }

    /// Who signs in.
    pub(crate) fn client(&self) -> Client {
        let user_agent = self.headers.get(header::USER_AGENT).map_or(&[][..], |value| value.as_bytes());
        Client { address: self.address, label: Label::of_user_agent(user_agent), device_token: None }
    }
}
