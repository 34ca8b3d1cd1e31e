//! One lock for each user, so that a slow store delays no other users.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as UserLock, OwnedMutexGuard};

use crate::id::UserId;

/// The locks in use. A lock without holder and waiter is removed at the next call.
#[derive(Default)]
pub(super) struct UserLocks(Mutex<HashMap<UserId, Arc<UserLock<()>>>>);

impl UserLocks {
    /// Waits for a user's lock.
    pub(super) async fn lock(&self, user: UserId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(user).or_default())
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_user_waits_only_for_the_own_lock_and_unused_locks_are_removed() {
        let locks = UserLocks::default();
        let [one, other] = [1, 2].map(|number| UserId(Uuid::from_u128(number)));
        let first = locks.lock(one).await;
        let mut second = Box::pin(locks.lock(one));
        assert!(second.as_mut().now_or_never().is_none());
        drop(locks.lock(other).now_or_never().expect("another user's lock"));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        drop(second.now_or_never().expect("the lock"));
        drop(locks.lock(one).await);
        assert_eq!(locks.0.lock().unwrap().len(), 1);
    }
}
