//! A table of fixed size, for counts that any client on the network can cause.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::clock::Moment;

/// The slots of a bucket. The least important of eight entries is one that can be evicted.
const WAYS: usize = 8;

/// The secret that hashes the keys. It is random in each process, so that no client can aim at a bucket or make two keys collide.
pub(super) struct Hasher([u8; 32]);

/// The keyed hash of a name, an address or a device: a bucket and a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    bucket: u64,
    /// Never 0, which marks an empty slot.
    fingerprint: u64,
}

/// The kind of a key. Keys of different kinds never collide.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    User,
    Name,
    Ipv4,
    Ipv6Network,
    Device,
    Session,
}

/// The entry of a key.
pub(super) trait Entry: Copy + Default {
    /// The importance of the entry: the one with the least weight is evicted.
    fn weight(&self) -> (u16, Moment);
}

/// Set-associative: a key has a bucket of eight slots, and a new entry evicts the one of least weight. So a flood of keys with one
/// failure each evicts such entries, and not the account under attack.
pub(super) struct Table<E> {
    slots: Box<[Slot<E>]>,
}

#[derive(Clone, Copy, Default)]
struct Slot<E> {
    fingerprint: u64,
    entry: E,
}

impl Hasher {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
    pub(super) fn key(&self, kind: Kind, parts: &[&[u8]]) -> Key {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(&[kind as u8]);
        for part in parts {
            mac.update(part);
        }
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let number =
            |offset: usize| hash[offset..offset + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Key { bucket: number(0), fingerprint: number(8).max(1) }
    }

    /// The key of an address: an IPv4 address, or the first 64 bits of an IPv6 address, which one customer has.
    pub(super) fn address(&self, address: IpAddr) -> Key {
        match address.to_canonical() {
            IpAddr::V4(address) => self.key(Kind::Ipv4, &[&address.octets()]),
            IpAddr::V6(address) => self.key(Kind::Ipv6Network, &[&address.octets()[..8]]),
        }
    }
}

impl<E: Entry> Table<E> {
    /// Allocates a table of that many slots.
    pub(super) fn new(slots: usize) -> Self {
        Self { slots: vec![Slot::default(); slots.next_multiple_of(WAYS)].into_boxed_slice() }
    }

    pub(super) fn find(&mut self, key: Key) -> Option<&mut E> {
        let found = self.bucket(key).iter_mut().find(|slot| slot.fingerprint == key.fingerprint);
        found.map(|slot| &mut slot.entry)
    }

    /// The entry of a key. If there is none, inserts `entry` and evicts the least important one of the bucket.
    pub(super) fn find_or_insert(&mut self, key: Key, entry: E) -> &mut E {
        let bucket = self.bucket(key);
        let rank = |slot: &Slot<E>| (slot.fingerprint != 0).then(|| slot.entry.weight());
        let mut evicted = 0;
        for slot in 0..bucket.len() {
            if bucket[slot].fingerprint == key.fingerprint {
                return &mut bucket[slot].entry;
            }
            if rank(&bucket[slot]) < rank(&bucket[evicted]) {
                evicted = slot;
            }
        }
        bucket[evicted] = Slot { fingerprint: key.fingerprint, entry };
        &mut bucket[evicted].entry
    }

    fn bucket(&mut self, key: Key) -> &mut [Slot<E>] {
        let buckets = (self.slots.len() / WAYS) as u64;
        // The remainder is below the number of buckets, which is a `usize`.
        let first = usize::try_from(key.bucket % buckets).unwrap_or_default() * WAYS;
        &mut self.slots[first..first + WAYS]
    }

    /// The memory of the slots.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.fingerprint != 0).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    struct Weight(u16, u64);

    impl Entry for Weight {
        fn weight(&self) -> (u16, Moment) {
            (self.0, Moment::from_millis(self.1))
        }
    }

    /// Keys of one bucket.
    fn key(fingerprint: u64) -> Key {
        Key { bucket: 0, fingerprint }
    }

    #[test]
    fn the_entry_of_least_weight_is_evicted_and_of_equals_the_oldest() {
        let mut table = Table::new(8);
        for number in 1..=8 {
            table.find_or_insert(key(number), Weight(if number == 3 { 9 } else { 1 }, 100 - number));
        }
        table.find_or_insert(key(20), Weight(1, 200));
        assert_eq!(table.find(key(8)), None);
        for number in 21..1000 {
            table.find_or_insert(key(number), Weight(1, 200 + number));
        }
        assert_eq!(table.find(key(3)), Some(&mut Weight(9, 97)));
        assert_eq!((table.len(), table.bytes()), (8, 8 * 24));
    }

    #[test]
    fn an_existing_entry_is_found_and_not_replaced() {
        let mut table = Table::new(64);
        table.find_or_insert(key(1), Weight(1, 1)).0 = 5;
        assert_eq!(table.find_or_insert(key(1), Weight(0, 0)), &mut Weight(5, 1));
        assert_eq!(table.find(key(2)), None);
    }

    #[test]
    fn keys_depend_on_the_secret_the_kind_and_the_parts() {
        let key = |secret, kind, part: &[u8]| Hasher::new([secret; 32]).key(kind, &[part]);
        let one = key(1, Kind::Name, b"x");
        assert_eq!(one, key(1, Kind::Name, b"x"));
        for other in [key(2, Kind::Name, b"x"), key(1, Kind::Device, b"x"), key(1, Kind::Name, b"y")] {
            assert_ne!(one, other);
        }
    }
}
