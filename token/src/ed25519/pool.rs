//! The tables in memory: the base point's, and those of at most four keys.

use std::sync::{Arc, Mutex};

use curve25519_dalek::{EdwardsPoint, constants::ED25519_BASEPOINT_POINT};

use super::table::GrowingTable;

/// The maximum number of keys with a table, 640 KiB each: an issuer signs with one key at a time, and few verifiers
/// have more than a handful of issuers. Other keys verify without a table.
const MAX_KEYS: usize = 4;

/// The tables of this process or of this wasm instance.
pub(super) static POOL: Pool = Pool::new();

/// Tables that outlive their keys: a key set that is fetched again finds the tables of its keys.
pub(super) struct Pool {
    pub(super) base: GrowingTable,
    keys: Mutex<Vec<Entry>>,
}

struct Entry {
    key: [u8; 32],
    table: Arc<GrowingTable>,
}

impl Pool {
    pub(super) const fn new() -> Self {
        Self { base: GrowingTable::new(ED25519_BASEPOINT_POINT), keys: Mutex::new(Vec::new()) }
    }

    /// The key's existing table.
    pub(super) fn find(&self, key: &[u8; 32]) -> Option<Arc<GrowingTable>> {
        let entries = self.keys.lock().ok()?;
        entries.iter().find(|entry| entry.key == *key).map(|entry| Arc::clone(&entry.table))
    }

    /// The key's existing table, or a new one of `point`; `None` while four other keys in use have tables. A key in use
    /// keeps its table: two keys that replaced each other would rebuild forever.
    pub(super) fn claim(&self, key: &[u8; 32], point: EdwardsPoint) -> Option<Arc<GrowingTable>> {
        // A verification does not wait for the lock; it continues without a table.
        let mut entries = self.keys.try_lock().ok()?;
        if let Some(entry) = entries.iter().find(|entry| entry.key == *key) {
            return Some(Arc::clone(&entry.table));
        }
        let table = Arc::new(GrowingTable::new(point));
        let entry = Entry { key: *key, table: Arc::clone(&table) };
        if entries.len() < MAX_KEYS {
            entries.push(entry);
        } else {
            // Only this list holds the table: the key is no longer used. A new user needs this lock.
            *entries.iter_mut().find(|entry| Arc::strong_count(&entry.table) == 1)? = entry;
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;
    use crate::ed25519::Ed25519Key;

    fn key_of(seed: u8, pool: &Pool) -> Ed25519Key {
        Ed25519Key::in_pool(pool, SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes()).unwrap()
    }

    fn verify(key: &Ed25519Key, seed: u8, pool: &Pool) -> bool {
        let signature = SigningKey::from_bytes(&[seed; 32]).sign(b"message").to_bytes();
        key.verify_in(pool, b"message", &signature)
    }

    fn use_often(key: &Ed25519Key, pool: &Pool) {
        for _ in 0..128 {
            assert!(!key.verify_in(pool, b"message", &[0xff; 64]));
        }
    }

    fn has_table(key: &Ed25519Key) -> bool {
        key.usage.table.get().is_some_and(|table| table.whole().is_some())
    }

    #[test]
    fn a_key_gets_its_tables_only_after_many_uses() {
        let pool = Pool::new();
        let key = key_of(1, &pool);
        for _ in 0..31 {
            assert!(verify(&key, 1, &pool));
        }
        assert!(key.usage.table.get().is_none(), "31 uses are too few");
        // The fuzz target `ed25519_differential` assumes that 128 are enough.
        for _ in 31..128 {
            assert!(verify(&key, 1, &pool));
        }
        assert!(pool.base.whole().is_some() && has_table(&key));
        assert!(verify(&key, 1, &pool));
    }

    #[test]
    fn clones_and_the_same_key_of_a_new_set_share_a_table() {
        let pool = Pool::new();
        let key = key_of(1, &pool);
        let clone = key.clone();
        use_often(&key, &pool);
        assert!(has_table(&clone));
        drop((key, clone));
        assert!(has_table(&key_of(1, &pool)));
        assert!(!has_table(&key_of(2, &pool)));
    }

    #[test]
    fn a_fifth_key_gets_a_table_only_after_one_of_four_is_dropped() {
        let pool = Pool::new();
        let mut keys: Vec<_> = (1..=5).map(|seed| key_of(seed, &pool)).collect();
        for key in &keys {
            use_often(key, &pool);
        }
        assert_eq!(keys.iter().map(has_table).collect::<Vec<_>>(), [true, true, true, true, false]);
        let fifth = keys.pop().unwrap();
        assert!(verify(&fifth, 5, &pool));
        let third = keys.remove(2);
        let clone = third.clone();
        drop(third);
        use_often(&fifth, &pool);
        assert!(!has_table(&fifth), "a clone of the third is still in use");
        drop(clone);
        use_often(&fifth, &pool);
        assert!(has_table(&fifth) && verify(&fifth, 5, &pool));
        assert!(!has_table(&key_of(3, &pool)));
        assert_eq!(pool.keys.lock().unwrap().len(), MAX_KEYS);
    }

    #[test]
    fn threads_that_build_a_table_together_get_the_right_result() {
        let pool = Pool::new();
        let key = key_of(1, &pool);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..300).for_each(|_| assert!(verify(&key, 1, &pool))));
            }
        });
        assert!(has_table(&key));
    }
}
