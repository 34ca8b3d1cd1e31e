//! Tests of the store on PostgreSQL alone: its schema, the server's durability, and lost connections.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::{connect::Connector, *};
use crate::{
    session::record::kept,
    store::conformance::{Bench, conforms, ended, session, user},
    user::Failures,
};

mod scale;
mod server;

use server::Server;

impl Bench for Server {
    fn missing() -> Option<String> {
        server::missing()
    }

    async fn open() -> (Self, Arc<dyn Store>) {
        let server = Self::start(&[]);
        let store = Arc::new(open(&server).await);
        (server, store)
    }

    async fn crash(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Self::crash(self);
        drop(store);
        Arc::new(open(self).await)
    }
}

conforms!(Server);

async fn open(server: &Server) -> PostgresStore {
    try_open(server).await.unwrap()
}

async fn try_open(server: &Server) -> Result<PostgresStore, OpenError> {
    PostgresStore::open(&server.address(), 16, COMMAND_PATIENCE).await
}

/// A test that needs a server. It is skipped where none can run.
macro_rules! with_server {
    ($(async fn $name:ident($server:ident: $type:ty) $body:block)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $name() {
            if let Some(missing) = server::missing() {
                return eprintln!("not run: {missing}");
            }
            #[allow(unused_mut)]
            let mut $server: $type = Server::start(&[]);
            $body
        }
    )*};
}

with_server! {
    async fn many_issuers_that_start_at_once_create_one_schema(server: Server) {
        let opened = join_all((0..12).map(|_| try_open(&server))).await;
        assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 12);
        let migrated = opened[0].as_ref().unwrap().migrate(&server.address()).await.unwrap();
        assert_eq!(migrated, Migrated { from: 1, to: 1 });
    }

    async fn a_schema_of_a_newer_version_is_refused_and_left_alone(server: Server) {
        drop(open(&server).await);
        server.execute("UPDATE hallpass.schema_version SET version = 7").await;
        let refusal = try_open(&server).await.err().unwrap().to_string();
        assert!(refusal.ends_with("it has version 7, and this hallpass supports up to 1: use the newer hallpass that migrated it"));
    }

    async fn an_incomplete_schema_is_completed(server: Server) {
        server.execute("CREATE SCHEMA hallpass").await;
        let store = open(&server).await;
        store.add_user(&user(1, "one")).await.unwrap();
    }

    async fn a_role_without_schema_rights_can_serve_and_not_migrate(server: Server) {
        server.execute("CREATE ROLE clerk LOGIN").await;
        let address = server.address_of("clerk");
        let as_clerk = || PostgresStore::open(&address, 2, COMMAND_PATIENCE);
        let refusal = as_clerk().await.err().unwrap().to_string();
        assert!(refusal.contains("permission denied") && refusal.contains("hallpass store migrate"), "{refusal}");
        drop(open(&server).await);
        server.execute("GRANT USAGE ON SCHEMA hallpass TO clerk; \
                        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hallpass TO clerk").await;
        as_clerk().await.unwrap().add_user(&user(1, "one")).await.unwrap();
    }

    async fn a_server_that_acknowledges_writes_that_it_can_lose_is_refused(server: Server) {
        let settings = ["synchronous_commit = off", "synchronous_commit = local", "default_transaction_read_only = on"];
        for (index, setting) in settings.into_iter().enumerate() {
            let role = format!("clerk{index}");
            server.execute(&format!("CREATE ROLE {role} LOGIN; ALTER ROLE {role} SET {setting}")).await;
            let connector = Connector::new(&server.address_of(&role), COMMAND_PATIENCE).unwrap();
            let refusal = connector.connect().await.err().unwrap().to_string();
            assert!(refusal.contains("synchronous_commit is") || refusal.contains("accepts no writes"), "{refusal}");
        }
        let unsafe_server = Server::start(&["fsync=off"]);
        let refusal = try_open(&unsafe_server).await.err().unwrap().to_string();
        assert!(refusal.contains("its fsync is off"), "{refusal}");
    }

    async fn a_write_under_a_setting_that_was_lowered_since_is_not_acknowledged(server: Server) {
        let store = open(&server).await;
        store.add_session(&session(1, 7)).await.unwrap();
        server.execute("ALTER SYSTEM SET synchronous_commit = off").await;
        server.execute("SELECT pg_reload_conf()").await;
        let mut refusals = 0;
        for id in 8..500 {
            if let Err(error) = store.add_session(&session(1, id)).await {
                assert!(error.to_string().contains("synchronous_commit is off"), "{error}");
                refusals += 1;
                break;
            }
        }
        assert_eq!(refusals, 1);
    }

    async fn a_record_with_another_encoding_is_swapped_as_the_same(server: Server) {
        let store = open(&server).await;
        let old = user(1, "one");
        store.add_user(&old).await.unwrap();
        // Another version might have encoded it like this.
        server.execute("UPDATE hallpass.users SET record = convert_to(convert_from(record, 'UTF8') || ' ', 'UTF8')").await;
        assert_eq!(store.user(old.id).await.unwrap(), Some(old.clone()));
        assert_eq!(store.swap_user(&old, &old.disabled()).await.unwrap(), Swapped::Yes);
        assert_eq!(store.swap_user(&old, &old.disabled()).await.unwrap(), Swapped::Conflict);
        assert_eq!(store.user(old.id).await.unwrap(), Some(old.disabled()));
    }

    async fn a_session_of_an_earlier_build_is_read_and_swapped(server: Server) {
        let store = open(&server).await;
        let (id, record) = kept();
        let hex = record.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let values = format!("'{}', '{}', decode('{hex}', 'hex')", id.0, Uuid::nil());
        server.execute(&format!("INSERT INTO hallpass.sessions (id, user_id, record) VALUES ({values})")).await;
        let session = store.session(id).await.unwrap().unwrap();
        assert_eq!(store.swap_session(&session, &ended(&session)).await.unwrap(), Swapped::Yes);
        assert_eq!(store.session(id).await.unwrap(), Some(ended(&session)));
    }

    async fn a_statement_with_a_serialization_conflict_is_retried(server: Server) {
        server.execute("ALTER ROLE hallpass SET default_transaction_isolation = 'serializable'").await;
        let store = Arc::new(open(&server).await);
        store.add_user(&user(1, "one")).await.unwrap();
        let tasks = (0..16).map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut steps = 0;
                while steps < 10 {
                    let old = store.user(user(1, "one").id).await.unwrap().unwrap();
                    let new = old.with_failures(Failures { unknown: old.failures.unknown + 1, ..old.failures });
                    steps += i32::from(store.swap_user(&old, &new).await.unwrap() == Swapped::Yes);
                }
            })
        });
        for ended in join_all(tasks).await {
            ended.unwrap();
        }
        assert_eq!(store.user(user(1, "one").id).await.unwrap().unwrap().failures.unknown, 160);
    }

    async fn a_commit_without_its_standby_is_not_acknowledged_even_if_its_wait_is_canceled(server: Server) {
        let store = Arc::new(PostgresStore::open(&server.address(), 4, Duration::from_secs(1)).await.unwrap());
        store.add_session(&session(1, 7)).await.unwrap();
        // A standby that does not exist.
        server.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
        server.execute("SELECT pg_reload_conf()").await;
        let wait = "DO $$ BEGIN FOR i IN 1..200 LOOP \
                      IF current_setting('synchronous_standby_names') = 'nobody' THEN RETURN; END IF; \
                      PERFORM pg_sleep(0.05); END LOOP; END $$";
        server.execute(wait).await;
        let old = session(1, 7);
        let swap = tokio::spawn({
            let store = Arc::clone(&store);
            let old = old.clone();
            async move { store.swap_session(&old, &ended(&old)).await }
        });
        let cancel = "DO $$ BEGIN FOR i IN 1..200 LOOP \
                        IF (SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep') > 0 \
                        THEN RETURN; END IF; PERFORM pg_stat_clear_snapshot(); PERFORM pg_sleep(0.01); END LOOP; \
                        RAISE 'no session waits'; END $$";
        server.execute(&format!("SET synchronous_commit = local; {cancel}")).await;
        let error = swap.await.unwrap().unwrap_err().to_string();
        assert!(error.contains("may not have reached the standby"), "{error}");
        // No time-out of ours ends such a wait: the statement's time-out has expired long before.
        let error = store.add_session(&session(1, 8)).await.unwrap_err().to_string();
        assert!(error.contains("did not answer within 1s"), "{error}");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(store.session(session(1, 8).id).await.unwrap(), None);
    }

    async fn a_read_from_a_standby_is_retried_on_the_primary(server: Server) {
        let store = PostgresStore::open(&server.address(), 1, COMMAND_PATIENCE).await.unwrap();
        store.add_session(&session(1, 7)).await.unwrap();
        for id in [7, 8] {
            // The connection is read-only now, as through a pooler after a failover.
            let lease = store.database.pool.lease().await.unwrap();
            lease.connection.client.batch_execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").await.unwrap();
            lease.give_back();
            let found = store.session(session(1, id).id).await.unwrap();
            assert_eq!(found, (id == 7).then(|| session(1, 7)));
            let lease = store.database.pool.lease().await.unwrap();
            let setting = lease.connection.client.query_typed_one("SHOW transaction_read_only", &[]).await.unwrap();
            assert_eq!(setting.get::<_, String>(0), "off", "the connection was closed");
            lease.give_back();
        }
    }

    async fn the_store_reconnects_after_a_crash_of_the_server(server: Server) {
        let store = open(&server).await;
        store.add_session(&session(1, 7)).await.unwrap();
        server.crash();
        assert_eq!(store.session(session(1, 7).id).await.unwrap(), Some(session(1, 7)));
        store.add_session(&session(1, 8)).await.unwrap();
    }

    async fn a_write_on_a_lost_connection_is_an_error_and_is_not_retried(server: Server) {
        let store = open(&server).await;
        let old = session(1, 7);
        store.add_session(&old).await.unwrap();
        let lose = "DO $$ BEGIN PERFORM 1 FROM hallpass.sessions FOR UPDATE; FOR i IN 1..600 LOOP \
                      IF (SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock') > 0 \
                      THEN RETURN; END IF; PERFORM pg_stat_clear_snapshot(); PERFORM pg_sleep(0.05); END LOOP; \
                      RAISE 'no session waits'; END $$";
        let writes = async {
            loop {
                if let Err(error) = store.swap_session(&old, &old).await {
                    return error.to_string();
                }
            }
        };
        let (error, ()) = tokio::join!(writes, server.execute(lose));
        assert!(error.contains("the connection to the database was lost during a statement"), "{error}");
    }

    async fn an_unavailable_server_is_an_error_within_the_time_limit(server: Server) {
        let store = PostgresStore::open(&server.address(), 4, Duration::from_millis(500)).await.unwrap();
        drop(server);
        for _ in 0..2 {
            let error = store.session(session(1, 7).id).await.unwrap_err().to_string();
            assert!(error.contains("the database "), "{error}");
        }
        let error = store.add_session(&session(1, 7)).await.unwrap_err().to_string();
        assert!(error.contains("the database cannot be reached: "), "{error}");
    }
}
