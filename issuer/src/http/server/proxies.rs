//! The client's address behind trusted proxies.
//!
//! Proxies write `X-Forwarded-For`. `Forwarded` (RFC 7239) is ignored: a proxy that writes one of the two headers passes the
//! other on as the client sent it, so a reader of both would trust clients.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};

use ipnet::IpNet;
use warp::http::{HeaderMap, HeaderName, Request};

use super::head::Peer;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The maximum number of hops, from the nearest, and the default. No deployment has a longer chain of proxies; entries
/// beyond it are the client's.
pub(crate) const MAX_HOPS: u8 = 16;

/// A network, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network(IpNet);

/// A text that is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8")]
pub(crate) struct InvalidNetwork;

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let address = || text.parse().map(|address: IpAddr| IpNet::from(address.to_canonical()));
        text.parse().or_else(|_| address()).map(Self).map_err(|_| InvalidNetwork)
    }
}

/// The proxies that are trusted to set `X-Forwarded-For`.
#[derive(Debug)]
pub(crate) struct TrustedProxies {
    networks: Vec<Network>,
    /// The maximum length of the chain of proxies. The furthest proxy appends its client's address to what that client sent.
    max_hops: u8,
    has_warned: AtomicBool,
    has_warned_of_limit: AtomicBool,
}

impl TrustedProxies {
    pub(crate) fn new(networks: Vec<Network>, max_hops: u8) -> Self {
        Self { networks, max_hops, has_warned: AtomicBool::new(false), has_warned_of_limit: AtomicBool::new(false) }
    }

    /// Adds the sender to a request's extensions.
    pub(crate) fn with_sender<B>(&self, mut request: Request<B>) -> Request<B> {
        if let Some(peer) = request.extensions_mut().remove::<Peer>() {
            let address = self.sender(peer.address, request.headers());
            request.extensions_mut().insert(peer.sender(address));
        }
        request
    }

    /// The first hop that is not trusted, from the nearest on. An entry that is not an address ends the walk before it.
    fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            self.warn_of_untrusted(peer, headers);
            return peer;
        }
        let mut sender = peer;
        for hop in hops(headers).take(self.max_hops.into()) {
            let Some(hop) = hop else { break };
            sender = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        sender
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|Network(network)| network.contains(&address))
    }

    /// Logs once per process, since any client can open connections.
    pub(super) fn warn_of_limit(&self, peer: IpAddr) {
        if !self.has_warned_of_limit.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "an address reached its limit, a third of all connections: if it is your proxy, set --trusted-proxy"
            );
        }
    }

    /// Logs once per process, since any client can send the header.
    fn warn_of_untrusted(&self, peer: IpAddr, headers: &HeaderMap) {
        if headers.contains_key(FORWARDED_FOR) && !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "a peer that is not a trusted proxy sent X-Forwarded-For: if it is your proxy, set --trusted-proxy; until \
                 then all its clients share one limit of failed attempts"
            );
        }
    }
}

/// The hops from the nearest to the furthest. Several header lines are one list (RFC 9110 §5.3).
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let elements = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    elements.map(|element| address(str::from_utf8(element).ok()?.trim()))
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let alone = || text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse().ok();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip()).ok();
    alone().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn sender(trusted: &str, peer: &str, lines: &[&str]) -> String {
        sender_within(MAX_HOPS, trusted, peer, lines)
    }

    fn sender_within(max_hops: u8, trusted: &str, peer: &str, lines: &[&str]) -> String {
        let networks = trusted.split_terminator(' ').map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        TrustedProxies::new(networks, max_hops).sender(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_header_of_an_untrusted_peer_is_ignored() {
        assert_eq!(sender("", "192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(sender("10.0.0.0/8", "192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
    }

    #[test]
    fn the_first_hop_from_the_right_that_is_not_trusted_is_the_sender() {
        let trusted = "10.0.0.0/8 192.0.2.7 fd00::/8";
        for (peer, lines, expected) in [
            ("10.1.1.1", &[][..], "10.1.1.1"),
            ("10.1.1.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.1.1.1", &["spoofed, 203.0.113.9, 198.51.100.1"], "198.51.100.1"),
            ("10.1.1.1", &["198.51.100.1,10.2.2.2 , 192.0.2.7"], "198.51.100.1"),
            ("10.1.1.1", &["203.0.113.9", "198.51.100.1, 10.2.2.2", "fd00::1"], "198.51.100.1"),
            ("fd00::5", &["2001:db8::1"], "2001:db8::1"),
            ("10.1.1.1", &["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ] {
            assert_eq!(sender(trusted, peer, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn hops_beyond_the_maximum_are_ignored() {
        for (max_hops, expected) in [(1, "10.2.2.2"), (2, "10.3.3.3"), (3, "198.51.100.1")] {
            let sent = sender_within(max_hops, "10.0.0.0/8", "10.1.1.1", &["198.51.100.1, 10.3.3.3, 10.2.2.2"]);
            assert_eq!(sent, expected, "{max_hops}");
        }
        assert_eq!(sender_within(1, "10.0.0.0/8", "192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
    }

    #[test]
    fn an_invalid_address_ends_the_walk_at_the_last_valid_hop() {
        for bad in ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "[::1", "1.2.3.4:", "1.2.3.4:99999", "a b"] {
            let line = format!("198.51.100.1, {bad}, 10.2.2.2");
            assert_eq!(sender("10.0.0.0/8", "10.1.1.1", &[&line]), "10.2.2.2", "{bad}");
        }
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_read() {
        for (text, expected) in [
            ("198.51.100.1:5678", "198.51.100.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
        ] {
            assert_eq!(sender("10.0.0.1", "10.0.0.1", &[text]), expected);
        }
    }

    #[test]
    fn a_long_list_is_read_up_to_the_maximum() {
        let line = ["10.0.0.1"; 1000].join(",");
        assert_eq!(sender("10.0.0.0/8", "10.1.1.1", &[&format!("198.51.100.1,{line}")]), "10.0.0.1");
    }

    #[test]
    fn a_network_is_an_address_with_an_optional_prefix_length() {
        for good in ["10.0.0.0/8", "10.0.0.7", "::1", "fd00::/8", "0.0.0.0/0"] {
            assert!(good.parse::<Network>().is_ok(), "{good}");
        }
        assert_eq!("::ffff:10.0.0.7".parse::<Network>(), "10.0.0.7".parse());
        for bad in ["", "proxy", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "*"] {
            assert_eq!(bad.parse::<Network>(), Err(InvalidNetwork), "{bad}");
        }
    }

    #[test]
    fn an_untrusted_header_is_warned_of() {
        let proxies = TrustedProxies::new(Vec::new(), MAX_HOPS);
        assert!(!proxies.has_warned.load(Ordering::Relaxed));
        let mut headers = HeaderMap::new();
        proxies.sender("192.0.2.1".parse().unwrap(), &headers);
        assert!(!proxies.has_warned.load(Ordering::Relaxed));
        headers.insert(FORWARDED_FOR, HeaderValue::from_static("198.51.100.1"));
        proxies.sender("192.0.2.1".parse().unwrap(), &headers);
        assert!(proxies.has_warned.load(Ordering::Relaxed));
    }
}
