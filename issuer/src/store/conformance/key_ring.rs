//! The key ring: one record, which all issuers of a store agree on.

use super::*;

fn ring(content: u64) -> KeyRingRecord {
    KeyRingRecord(content.to_be_bytes().to_vec())
}

pub(in crate::store) async fn a_key_ring_is_swapped_only_from_what_the_store_holds<B: Bench>() {
    let (mut bench, store) = B::open().await;
    assert_eq!(store.key_ring().await.unwrap(), None);
    assert_eq!(store.swap_key_ring(Some(&ring(1)), &ring(2)).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.key_ring().await.unwrap(), None);
    assert_eq!(store.swap_key_ring(None, &ring(1)).await.unwrap(), Swapped::Yes);
    assert_eq!(store.swap_key_ring(None, &ring(2)).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.swap_key_ring(Some(&ring(3)), &ring(2)).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.key_ring().await.unwrap(), Some(ring(1)));
    assert_eq!(store.swap_key_ring(Some(&ring(1)), &ring(2)).await.unwrap(), Swapped::Yes);
    let store = bench.crash(store).await;
    assert_eq!(store.key_ring().await.unwrap(), Some(ring(2)));
}

pub(in crate::store) async fn of_many_first_key_rings_one_wins<B: Bench>() {
    let (_bench, store) = B::open().await;
    let swaps = at_once(|index| {
        let store = Arc::clone(&store);
        async move { (index, store.swap_key_ring(None, &ring(index)).await.unwrap()) }
    });
    let winners: Vec<_> = swaps.await.into_iter().filter(|(_, swapped)| *swapped == Swapped::Yes).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.key_ring().await.unwrap(), Some(ring(winners[0].0)));
}
