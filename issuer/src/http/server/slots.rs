//! Slots for connections, limited in all and per address. When none is free, idle connections are closed, the longest idle
//! one first.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Concurrent connections. Each takes a few dozen kilobytes and a file descriptor, of which a process has 1,024 by default.
const MAX_CONNECTIONS: usize = 900;

/// Concurrent connections from one address, or from one IPv6 network of /64, which providers assign to one customer. A third
/// of all: an office behind one address has dozens, and to take all slots an attacker needs three addresses.
const MAX_PER_NETWORK: usize = MAX_CONNECTIONS / 3;

/// Hands out slots.
pub(super) struct Slots {
    all: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    per_network: HashMap<IpAddr, usize>,
    /// Idle connections by their turn, the longest idle one first.
    idle: BTreeMap<u64, Idle>,
    /// The turn of the connection that became idle last.
    last_turn: u64,
    /// Whether a connection waits for a slot: then a connection that becomes idle is closed.
    is_awaited: bool,
}

/// A connection that waits for its next request.
struct Idle {
    network: Option<IpAddr>,
    end: Arc<Notify>,
}

/// The slot of one connection, freed when dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    network: Option<IpAddr>,
    /// Its turn among the idle connections, while it is idle.
    turn: Mutex<Option<u64>>,
    end: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

/// Whether a peer is a trusted proxy or on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IsProxy {
    Yes,
    No,
}

impl Slots {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { all: Arc::new(Semaphore::new(MAX_CONNECTIONS)), state: Mutex::default() })
    }

    /// Waits for the permit of one more connection. If there is none, an idle connection is closed for it. `None` if the
    /// semaphore is closed, which it never is.
    pub(super) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.all).try_acquire_owned() {
            return Some(permit);
        }
        {
            let mut state = self.state();
            state.is_awaited = true;
            state.end_longest_idle(|_| true);
        }
        let permit = Arc::clone(&self.all).acquire_owned().await.ok();
        self.state().is_awaited = false;
        permit
    }

    /// Takes a slot for a connection from `peer`, unless that address has too many. A proxy's connections carry the requests
    /// of all its clients, so only the limit of all connections applies to them.
    pub(super) fn take(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        peer: IpAddr,
        is_proxy: IsProxy,
    ) -> Option<Slot> {
        let network = (is_proxy == IsProxy::No).then(|| network(peer));
        if network.is_some_and(|network| !self.state().admits(network)) {
            return None;
        }
        Some(Slot { slots: Arc::clone(self), network, turn: Mutex::default(), end: Arc::default(), _permit: permit })
    }

    /// Each change is one step, so a panic elsewhere leaves a consistent state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts one more connection of a network. At the network's limit, one of its idle connections is closed.
    fn admits(&mut self, network: IpAddr) -> bool {
        let is_full = self.per_network.get(&network).is_some_and(|count| *count >= MAX_PER_NETWORK);
        let admits = !is_full || self.end_longest_idle(|idle| idle.network == Some(network));
        if admits {
            *self.per_network.entry(network).or_default() += 1;
        }
        admits
    }

    /// Closes the longest idle connection of those that `counts`. Returns whether there was one.
    fn end_longest_idle(&mut self, counts: impl Fn(&Idle) -> bool) -> bool {
        let longest = self.idle.iter().find(|(_, idle)| counts(idle)).map(|(turn, _)| *turn);
        let ended = longest.and_then(|turn| self.idle.remove(&turn));
        ended.inspect(|idle| idle.end.notify_one()).is_some()
    }

    fn leave(&mut self, network: IpAddr) {
        if let Some(count) = self.per_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.per_network.remove(&network);
            }
        }
    }
}

impl Slot {
    /// The connection waits for its next request.
    pub(super) fn becomes_idle(&self) {
        let mut state = self.slots.state();
        state.last_turn += 1;
        let turn = state.last_turn;
        state.idle.insert(turn, Idle { network: self.network, end: Arc::clone(&self.end) });
        *self.turn() = Some(turn);
        if state.is_awaited {
            state.end_longest_idle(|_| true);
        }
    }

    /// A request begins to arrive.
    pub(super) fn becomes_busy(&self) {
        let turn = self.turn().take();
        if let Some(turn) = turn {
            self.slots.state().idle.remove(&turn);
        }
    }

    /// Completes when the connection must close because another one needs its slot.
    pub(super) async fn must_end(&self) {
        self.end.notified().await;
    }

    fn turn(&self) -> MutexGuard<'_, Option<u64>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.becomes_busy();
        if let Some(network) = self.network {
            self.slots.state().leave(network);
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
    use futures_util::FutureExt as _;

    use super::*;

    async fn take(slots: &Arc<Slots>, peer: &str, is_proxy: IsProxy) -> Option<Slot> {
        let permit = slots.permit().await.unwrap();
        slots.take(permit, peer.parse().unwrap(), is_proxy)
    }

    fn must_end(slot: &Slot) -> bool {
        slot.must_end().now_or_never().is_some()
    }

    #[tokio::test]
    async fn one_address_takes_a_third_of_the_slots_and_gets_them_back() {
        let slots = Slots::new();
        let mut held = Vec::new();
        for host in 0..MAX_PER_NETWORK {
            held.push(take(&slots, &format!("2001:db8::{host:x}"), IsProxy::No).await.unwrap());
        }
        assert!(take(&slots, "2001:db8::ffff:ffff", IsProxy::No).await.is_none());
        assert!(take(&slots, "2001:db8:0:1::1", IsProxy::No).await.is_some());
        assert!(take(&slots, "192.0.2.1", IsProxy::No).await.is_some());
        held.pop();
        assert!(take(&slots, "2001:db8::ffff:ffff", IsProxy::No).await.is_some());
        drop(held);
        assert!(slots.state().per_network.is_empty());
        assert_eq!(slots.all.available_permits(), MAX_CONNECTIONS);
    }

    #[tokio::test]
    async fn a_proxy_can_take_all_slots() {
        let slots = Slots::new();
        let mut held = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            held.push(take(&slots, "10.0.0.1", IsProxy::Yes).await.unwrap());
        }
        assert_eq!(slots.all.available_permits(), 0);
    }

    #[tokio::test]
    async fn at_an_address_s_limit_its_longest_idle_connection_ends_for_a_new_one() {
        let slots = Slots::new();
        let mut held = Vec::new();
        for _ in 0..MAX_PER_NETWORK {
            held.push(take(&slots, "192.0.2.1", IsProxy::No).await.unwrap());
        }
        let other = take(&slots, "192.0.2.2", IsProxy::No).await.unwrap();
        for slot in [&other, &held[2], &held[1], &held[3]] {
            slot.becomes_idle();
        }
        held[2].becomes_busy();
        assert!(take(&slots, "192.0.2.1", IsProxy::No).await.is_some());
        assert!(must_end(&held[1]) && !must_end(&held[2]) && !must_end(&held[3]) && !must_end(&other));
    }

    #[tokio::test]
    async fn when_no_slot_is_free_idle_connections_end_and_busy_ones_stay() {
        let slots = Slots::new();
        let mut held = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            held.push(take(&slots, "10.0.0.1", IsProxy::Yes).await.unwrap());
        }
        held[7].becomes_idle();
        held[5].becomes_idle();
        let mut permit = Box::pin(slots.permit());
        assert!(permit.as_mut().now_or_never().is_none());
        assert!(must_end(&held[7]) && !must_end(&held[5]));
        // The first one is slow to close, and another becomes idle meanwhile.
        held[3].becomes_idle();
        assert!(must_end(&held[5]) && !must_end(&held[3]));
        held.swap_remove(7);
        assert!(permit.now_or_never().flatten().is_some());
        held[1].becomes_idle();
        assert!(!must_end(&held[1]) && !must_end(&held[3]));
    }
}
