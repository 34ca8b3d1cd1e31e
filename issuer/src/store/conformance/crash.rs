//! Crashes: acknowledged writes survive them.

use super::*;

pub(in crate::store) async fn acknowledged_writes_survive_a_crash<B: Bench>() {
    let (mut bench, store) = B::open().await;
    let written = at_once(|index| {
        let store = Arc::clone(&store);
        async move {
            let owner = u128::from(index);
            store.add_user(&user(owner, &format!("user{index}"))).await.unwrap();
            let living = session(owner, owner * 10);
            let over = session(owner, owner * 10 + 1);
            let removed = session(owner, owner * 10 + 2);
            for session in [&living, &over, &removed] {
                store.add_session(session).await.unwrap();
            }
            store.swap_session(&over, &ended(&over)).await.unwrap();
            store.remove_session(&removed).await.unwrap();
            (user(owner, &format!("user{index}")), vec![living, ended(&over)])
        }
    })
    .await;
    let store = bench.crash(store).await;
    for (user, sessions) in written {
        assert_eq!(store.sessions_of(user.id).await.unwrap(), sessions);
        assert_eq!(store.user_named(&user.username).await.unwrap(), Some(user));
    }
    // The store works after the crash.
    store.add_session(&session(1, 9999)).await.unwrap();
    assert!(store.sessions_of(session(1, 9999).user).await.unwrap().contains(&session(1, 9999)));
}
