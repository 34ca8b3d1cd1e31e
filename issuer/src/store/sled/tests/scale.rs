//! The costs of the embedded store as it grows.

use super::{Folder, growth::disk};
use crate::store::scale::{Bytes, Scaled, grow, revocation::revoke};

impl Scaled for Folder {
    async fn bytes(&self) -> Bytes {
        Bytes { users: 0, sessions: disk(self.0.path()) }
    }

    /// The log is the store.
    async fn logged(&self) -> u64 {
        0
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn scale() {
    grow::<Folder>("embedded").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn scale_of_a_revocation() {
    revoke::<Folder>("embedded").await;
}
