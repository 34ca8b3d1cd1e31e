//! Slots for connections: so many in all, and so many of them for one address. Where they are all taken, idle connections
//! end, the one that has been idle for longest first.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Connections at once. Each costs a few dozen kilobytes and a file descriptor, of which a process commonly has 1,024
/// before an operator raises its limit.
const MAX_CONNECTIONS: usize = 900;

/// Connections at once from one address, or from one IPv6 network of /64, which is what one customer gets. A third: an
/// office behind one address has dozens, and a client with three addresses is no lone script.
const MAX_OF_ONE: usize = MAX_CONNECTIONS / 3;

/// Hands out slots.
pub(super) struct Slots {
    all: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    of_network: HashMap<IpAddr, usize>,
    /// Idle connections by their turn, the one that has been idle for longest first.
    idle: BTreeMap<u64, Idle>,
    /// The turn of the last one that became idle.
    last_turn: u64,
    /// Whether a connection waits for a slot: one that becomes idle ends instead.
    is_awaited: bool,
}

/// A connection that waits for its next request.
struct Idle {
    network: Option<IpAddr>,
    end: Arc<Notify>,
}

/// A slot for one connection, free again once it is dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    network: Option<IpAddr>,
    /// Its turn among the idle ones, while it is one.
    turn: Mutex<Option<u64>>,
    end: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

/// Whether a peer speaks for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IsProxy {
    Yes,
    No,
}

impl Slots {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { all: Arc::new(Semaphore::new(MAX_CONNECTIONS)), state: Mutex::default() })
    }

    /// Waits until there is room for one more connection, for which idle ones end; none once the slots are gone.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
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

    /// Takes a slot for a connection from that address, unless too many from there are in use. One of a proxy carries the
    /// requests of all its clients, and is bounded by what all connections have.
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
        let (end, turn) = (Arc::default(), Mutex::default());
        Some(Slot { slots: Arc::clone(self), network, turn, end, _permit: permit })
    }

    /// Each change is one step, so that a panic elsewhere leaves the state true.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts one more connection of a network. Where that has its part already, one of its own that is idle ends.
    fn admits(&mut self, network: IpAddr) -> bool {
        let is_full = self.of_network.get(&network).is_some_and(|of_network| *of_network >= MAX_OF_ONE);
        let admits = !is_full || self.end_longest_idle(|idle| idle.network == Some(network));
        if admits {
            *self.of_network.entry(network).or_default() += 1;
        }
        admits
    }

    /// Tells the connection to end that has been idle for longest, of those that `counts`; whether there is one.
    fn end_longest_idle(&mut self, counts: impl Fn(&Idle) -> bool) -> bool {
        let longest = self.idle.iter().find(|(_, idle)| counts(idle)).map(|(turn, _)| *turn);
        let ended = longest.and_then(|turn| self.idle.remove(&turn));
        ended.inspect(|idle| idle.end.notify_one()).is_some()
    }

    fn leave(&mut self, network: IpAddr) {
        if let Some(of_network) = self.of_network.get_mut(&network) {
            *of_network -= 1;
            if *of_network == 0 {
                self.of_network.remove(&network);
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

    /// A request has begun to arrive.
    pub(super) fn becomes_busy(&self) {
        let turn = self.turn().take();
        if let Some(turn) = turn {
            self.slots.state().idle.remove(&turn);
        }
    }

    /// Completes when the connection is to end, since others wait for its slot.
    pub(super) async fn told_to_end(&self) {
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
        let permit = slots.room().await.unwrap();
        slots.take(permit, peer.parse().unwrap(), is_proxy)
    }

    /// Whether a connection was told to end.
    fn is_told(slot: &Slot) -> bool {
        slot.told_to_end().now_or_never().is_some()
    }

    #[tokio::test]
    async fn one_address_takes_a_third_of_the_slots_and_gets_them_back() {
        let slots = Slots::new();
        let mut held = Vec::new();
        for host in 0..MAX_OF_ONE {
            held.push(take(&slots, &format!("2001:db8::{host:x}"), IsProxy::No).await.unwrap());
        }
        assert!(take(&slots, "2001:db8::ffff:ffff", IsProxy::No).await.is_none());
        assert!(take(&slots, "2001:db8:0:1::1", IsProxy::No).await.is_some());
        assert!(take(&slots, "192.0.2.1", IsProxy::No).await.is_some());
        held.pop();
        assert!(take(&slots, "2001:db8::ffff:ffff", IsProxy::No).await.is_some());
        drop(held);
        assert!(slots.state().of_network.is_empty());
        assert_eq!(slots.all.available_permits(), MAX_CONNECTIONS);
    }

    #[tokio::test]
    async fn a_proxy_takes_all_slots_and_no_more() {
        let slots = Slots::new();
        let mut held = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            held.push(take(&slots, "10.0.0.1", IsProxy::Yes).await.unwrap());
        }
        assert_eq!(slots.all.available_permits(), 0);
    }

    #[tokio::test]
    async fn of_one_address_the_connection_that_was_idle_for_longest_ends_for_a_new_one() {
        let slots = Slots::new();
        let mut held = Vec::new();
        for _ in 0..MAX_OF_ONE {
            held.push(take(&slots, "192.0.2.1", IsProxy::No).await.unwrap());
        }
        let other = take(&slots, "192.0.2.2", IsProxy::No).await.unwrap();
        for slot in [&other, &held[2], &held[1], &held[3]] {
            slot.becomes_idle();
        }
        held[2].becomes_busy();
        assert!(take(&slots, "192.0.2.1", IsProxy::No).await.is_some());
        assert!(is_told(&held[1]) && !is_told(&held[2]) && !is_told(&held[3]) && !is_told(&other));
    }

    #[tokio::test]
    async fn where_all_slots_are_taken_idle_connections_end_and_busy_ones_stay() {
        let slots = Slots::new();
        let mut held = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            held.push(take(&slots, "10.0.0.1", IsProxy::Yes).await.unwrap());
        }
        held[7].becomes_idle();
        held[5].becomes_idle();
        let mut room = Box::pin(slots.room());
        assert!(room.as_mut().now_or_never().is_none());
        assert!(is_told(&held[7]) && !is_told(&held[5]));
        // The one that was told is slow, and another becomes idle meanwhile.
        held[3].becomes_idle();
        assert!(is_told(&held[5]) && !is_told(&held[3]));
        held.swap_remove(7);
        assert!(room.now_or_never().flatten().is_some());
        held[1].becomes_idle();
        assert!(!is_told(&held[1]) && !is_told(&held[3]));
    }
}
