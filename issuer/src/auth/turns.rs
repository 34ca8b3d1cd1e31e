//! What is done for one user at a time: others do not wait for it, however slow the store is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::id::UserId;

/// Hands out a turn at a time for each user. One that is over, and that nobody waits for, is forgotten at the next.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<UserId, Arc<Turn<()>>>>);

impl Turns {
    /// Waits for a turn, which lasts until what is returned is dropped.
    pub(super) async fn take(&self, user: UserId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(user).or_default())
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn users_have_turns_of_their_own_and_what_is_over_is_forgotten() {
        let (turns, [one, other]) = (Turns::default(), [1, 2].map(|number| UserId(Uuid::from_u128(number))));
        let first = turns.take(one).await;
        let mut second = Box::pin(turns.take(one));
        assert!(second.as_mut().now_or_never().is_none());
        drop(turns.take(other).now_or_never().expect("another user's turn"));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        drop(second.now_or_never().expect("its turn"));
        drop(turns.take(one).await);
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
