//! The costs of PostgreSQL as it grows.

use super::server::Server;
use crate::store::{
    conformance::Bench as _,
    scale::{Bytes, Scaled, grow, revocation::revoke},
};

impl Scaled for Server {
    async fn bytes(&self) -> Bytes {
        self.execute("CHECKPOINT").await;
        let users = self.number("SELECT pg_total_relation_size('hallpass.users')").await;
        let sessions = self.number("SELECT pg_total_relation_size('hallpass.sessions')").await;
        Bytes { users, sessions }
    }

    async fn logged(&self) -> u64 {
        self.number("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").await
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn scale() {
    match Server::missing() {
        Some(missing) => println!("not run: {missing}"),
        None => grow::<Server>("PostgreSQL").await,
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn scale_of_a_revocation() {
    match Server::missing() {
        Some(missing) => println!("not run: {missing}"),
        None => revoke::<Server>("PostgreSQL").await,
    }
}
