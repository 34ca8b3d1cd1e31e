//! The places for connections: so many in all, and so many of them for one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at once. Each costs a few dozen kilobytes and a file descriptor, of which a process commonly has 1,024
/// before somebody raises its limit.
const MOST: usize = 900;

/// Connections at once from one address, or from one IPv6 network of /64, which is what one customer gets. A third: an
/// office behind one address has dozens, and whoever has three addresses is no lone script.
const MOST_OF_ONE: usize = MOST / 3;

/// Hands out places.
pub(super) struct Places {
    all: Arc<Semaphore>,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A place for one connection, free again once it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    sender: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { all: Arc::new(Semaphore::new(MOST)), taken: Mutex::default() })
    }

    /// Waits until there is room for one more; none once the places are gone.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Takes a place for a connection from that address, unless too many are from there. One of a proxy carries everybody's
    /// requests, and is bounded by what all have.
    pub(super) fn take(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        peer: IpAddr,
        is_proxy: IsProxy,
    ) -> Option<Place> {
        let sender = match is_proxy {
            IsProxy::Yes => None,
            IsProxy::No => Some(network(peer)),
        };
        if let Some(sender) = sender {
            let mut taken = self.taken();
            let of_sender = taken.entry(sender).or_default();
            if *of_sender == MOST_OF_ONE {
                return None;
            }
            *of_sender += 1;
        }
        Some(Place { places: Arc::clone(self), sender, _permit: permit })
    }

    /// Counts are changed in one step each, so that a panic elsewhere leaves them true.
    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a peer speaks for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IsProxy {
    Yes,
    No,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(sender) = self.sender else { return };
        let mut taken = self.places.taken();
        if let Some(of_sender) = taken.get_mut(&sender) {
            *of_sender -= 1;
            if *of_sender == 0 {
                taken.remove(&sender);
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(places: &Arc<Places>, peer: &str, is_proxy: IsProxy) -> Option<Place> {
        let permit = places.room().await.unwrap();
        places.take(permit, peer.parse().unwrap(), is_proxy)
    }

    #[tokio::test]
    async fn one_address_takes_a_third_of_the_places_and_gets_them_back() {
        let places = Places::new();
        let mut held = Vec::new();
        for host in 0..MOST_OF_ONE {
            held.push(take(&places, &format!("2001:db8::{host:x}"), IsProxy::No).await.unwrap());
        }
        assert!(take(&places, "2001:db8::ffff:ffff", IsProxy::No).await.is_none());
        assert!(take(&places, "2001:db8:0:1::1", IsProxy::No).await.is_some());
        assert!(take(&places, "192.0.2.1", IsProxy::No).await.is_some());
        held.pop();
        assert!(take(&places, "2001:db8::ffff:ffff", IsProxy::No).await.is_some());
        drop(held);
        assert!(places.taken().is_empty());
        assert_eq!(places.all.available_permits(), MOST);
    }

    #[tokio::test]
    async fn a_proxy_takes_all_places_and_no_more() {
        let places = Places::new();
        let mut held = Vec::new();
        for _ in 0..MOST {
            held.push(take(&places, "10.0.0.1", IsProxy::Yes).await.unwrap());
        }
        assert_eq!(places.all.available_permits(), 0);
    }
}
